"""The conformance kit: contract suites that a plugin's author subclasses, and the fakes they run against.

Needs the extra ``testing`` (pytest). Imported by tests alone.
"""

from isoloir.testing.eligibility_contract import EligibilityCase, EligibilityContract
from isoloir.testing.factor_contract import FactorContract
from isoloir.testing.fakes import FakeClock, FakeMailbox, FakePhone, FakeRoll, FakeVoter, SentMessage
from isoloir.testing.flow import FakeFlow
from isoloir.testing.identity_provider import FakeIdentityProvider
from isoloir.testing.notifier_contract import NotifierContract
from isoloir.testing.promises import ContractBroken
from isoloir.testing.roll_check_contract import RollCheckContract
from isoloir.testing.run import FactorRun, HeldBack

__all__ = [
    "ContractBroken",
    "EligibilityCase",
    "EligibilityContract",
    "FactorContract",
    "FactorRun",
    "FakeClock",
    "FakeFlow",
    "FakeIdentityProvider",
    "FakeMailbox",
    "FakePhone",
    "FakeRoll",
    "FakeVoter",
    "HeldBack",
    "NotifierContract",
    "RollCheckContract",
    "SentMessage",
]
