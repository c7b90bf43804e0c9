"""What the factor asks."""

from __future__ import annotations

from isoloir.hooks import FactorForm, asked


class SmsMobile(FactorForm):
    """The voter's mobile number, where the roll holds none."""

    mobile: str = asked(input="tel", autocomplete="tel", inputmode="tel", max_length=40)


class SmsSend(FactorForm):
    """Send the password to the roll's mobile, shown masked."""


class SmsPassword(FactorForm):
    """The password that came."""

    password: str = asked(autocomplete="one-time-code", inputmode="text", keep=False, max_length=40)


class SmsResend(FactorForm):
    """Send another password; the former one is no longer good."""
