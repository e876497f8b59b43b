"""The ingress, which dies where it can do most harm: what it took in is durable, nobody knows.

It kills itself behind the admission of a message that asks for it, before the platform is answered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from openclaw_common.contracts.inbound import InboundMessage
from openclaw_common.inbound.intake import Intake
from openclaw_common.inbound.rules import AccountRules
from openclaw_ingress.__main__ import main

FATAL = "and die"
_take = Intake.take


async def _take_and_die(
    self: Intake, rules: AccountRules, messages: Sequence[InboundMessage]
) -> None:
    await _take(self, rules, messages)
    if any(FATAL in message.text for message in messages):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Intake.take = _take_and_die  # type: ignore[method-assign]
    sys.exit(main())
