"""The gateways of the chat tests serve responses too."""

from tests.integration.ingress_chat.conftest import config, gateway, limits

__all__ = ["config", "gateway", "limits"]
