"""A check of rolls: a number that is too short."""

from collections.abc import Mapping, Sequence

from isoloir.hooks import RollCheck, RollWarning


class SampleRollCheck(RollCheck):
    """Looks at the length."""

    name = "sample_roll_check"

    def warnings(self, row: Mapping[str, str]) -> Sequence[RollWarning]:
        number = row.get("ordinal_number", "")
        return [RollWarning("ordinal_number", "sample_short")] if 0 < len(number) < 5 else []
