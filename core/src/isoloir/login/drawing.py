"""From where an attempt stands to what is shown, in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from isoloir import notifications
from isoloir.clock import Clock
from isoloir.config.election import ElectionFile
from isoloir.login.attempt import IDENTIFIER, Attempt
from isoloir.login.factors import Factors
from isoloir.login.forms import FieldSpec, fields_of
from isoloir.login.shown import BranchOffer, FieldShown, FormShown, GoTo, RefusedShown, Shown, WaitShown
from isoloir.texts import Texts


class Drawing:
    """Draws the steps and refusals of one election."""

    def __init__(self, election: ElectionFile, texts: Texts, base_url: str, factors: Factors, clock: Clock) -> None:
        self._election = election
        self._texts = texts
        self._base_url = base_url
        self._factors = factors
        self._clock = clock

    def branches(self, locale: str) -> list[BranchOffer]:
        """Return the ways in, as written."""
        return [BranchOffer(branch.id, branch.label.get(locale)) for branch in self._election.policy.any]

    def attempt(self, attempt: Attempt, locale: str, notice: str = "") -> Shown:
        """Draw what `attempt` shows. `notice`: an error code for the page."""
        step, steps = self._place(attempt)
        shown = attempt.shown
        now = self._clock.now()
        if attempt.over(now):
            return self.refusal("callback_refused", locale, 400)
        if shown["kind"] == "redirect":
            return GoTo(shown["url"])
        if shown["kind"] == "wait":
            left = (datetime.fromisoformat(shown["until"]) - now).total_seconds()
            message = shown["message"]
            return WaitShown(
                max(1, round(left)),
                self._text(locale, message, shown["values"]),
                step,
                steps,
                title=self._optional(locale, f"{message}.title", shown["values"]),
                figure=self._optional(locale, f"{message}.figure", shown["values"]),
            )
        model = self._factors.form(attempt, shown["form"])
        if model is None:  # the election's file or its plugins have changed under the attempt
            return self.refusal("login_not_begun", locale, 400)
        values: Mapping[str, str] = shown.get("values", {})
        errors = dict(shown.get("errors", {}))
        whole = [errors.pop("", ""), notice]
        name = model.__name__
        return FormShown(
            title=self._text(locale, f"form.{name}.title", values),
            intro=self._optional(locale, f"form.{name}.intro", values),
            fields=[self._field(locale, name, spec, errors.get(spec.name, ""), shown) for spec in fields_of(model)],
            errors=[self._text(locale, f"error.{code}", values) for code in whole if code],
            submit=self._optional(locale, f"form.{name}.submit", values) or self._text(locale, "form.submit", {}),
            form=f"{name}.{shown['nonce']}",
            also=[
                (f"{other}.{shown['nonce']}", self._optional(locale, f"form.{other}.submit", values) or other)
                for other in shown.get("also", [])
            ],
            step=step,
            steps=steps,
            display=attempt.display,
            codes=tuple(code for code in (*whole, *errors.values()) if code),
        )

    def refusal(
        self,
        code: str,
        locale: str,
        status: int,
        values: Mapping[str, str] | None = None,
        *,
        resumable: bool = False,
        seconds: int | None = None,
    ) -> RefusedShown:
        """Draw one clear page: what happened, and what to do next."""
        given = dict(values or {})
        if seconds is not None:
            given["seconds"] = str(seconds)
        remedy = self._optional(locale, f"error.{code}.remedy", given)
        return RefusedShown(
            code=code,
            sentence=self._optional(locale, f"error.{code}", given)
            or self._text(locale, "error.login_refused", given),
            remedy=remedy or self._text(locale, "error.login_refused.remedy", given),
            status=status,
            branches=self.branches(locale),
            resumable=resumable,
            seconds=seconds,
        )

    def wait_a_little(self, locale: str, wait: timedelta) -> RefusedShown:
        """Draw that too much has failed: nothing is locked, and what was going on goes on after the wait."""
        return self.refusal("login_slow", locale, 429, resumable=True, seconds=math.ceil(wait.total_seconds()))

    def _place(self, attempt: Attempt) -> tuple[int, int]:
        branch = self._factors.branch(attempt.branch)
        before = 1 if attempt.asked else 0
        at = 1 if attempt.at == IDENTIFIER else attempt.at + 1 + before
        return at, before + (len(branch.all) if branch is not None else 0)

    def _field(self, locale: str, form: str, spec: FieldSpec, code: str, shown: Mapping[str, Any]) -> FieldShown:
        values = shown.get("values", {})
        return FieldShown(
            name=spec.name,
            label=self._text(locale, f"form.{form}.{spec.name}.label", values),
            hint=self._optional(locale, f"form.{form}.{spec.name}.hint", values),
            input=spec.input,
            autocomplete=spec.autocomplete,
            inputmode=spec.inputmode,
            value=shown.get("typed", {}).get(spec.name, "") if spec.keep else "",
            error=self._text(locale, f"error.{code}", values) if code else "",
            max_length=spec.max_length,
        )

    def _text(self, locale: str, identifier: str, values: Mapping[str, str]) -> str:
        common = notifications.common_values(self._election, locale, self._base_url)
        return self._texts.get(locale, identifier, **{**common, **values})

    def _optional(self, locale: str, identifier: str, values: Mapping[str, str]) -> str:
        text = self._text(locale, identifier, values)
        return "" if text == identifier else text
