"""The core's own form: the identifier that it drew and delivered."""

from isoloir.hooks import FactorForm, asked


class Identifier(FactorForm):
    """Asks the identifier on the first page of a branch whose first factor asserts no key of the roll."""

    identifier: str = asked(autocomplete="username", max_length=40)
