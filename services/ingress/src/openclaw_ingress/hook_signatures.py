"""Signatures of webhooks: each provider's documented scheme, and the id of what it delivers.

- github: `X-Hub-Signature-256: sha256=<hex HMAC of the body>`; id `X-GitHub-Delivery`
- gitlab: with a signing token (`whsec_…`) as standard-webhooks; else the secret token itself in
  `X-Gitlab-Token`, with id `X-Gitlab-Event-UUID` or `Idempotency-Key`
- stripe: `Stripe-Signature: t=<s>,v1=<hex HMAC of "<s>.<body>">`, any `v1`; id is the event's `id`
- slack: `X-Slack-Signature: v0=<hex HMAC of "v0:<s>:<body>">` and `X-Slack-Request-Timestamp`; id
  is the event's `event_id`, or the `trigger_id` of a command or an interaction
- standard-webhooks: `webhook-signature: v1,<base64 HMAC of "<id>.<s>.<body>">`, any of several, and
  `webhook-timestamp`; id `webhook-id`
- hmac: as `hooks.mappings[].signature` says

All comparisons take constant time. Where the time is signed, one too far from ours is stale.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from openclaw_common.runtime.config.hook_mappings import HookSignature
from openclaw_ingress.hook_body import plain_text

_SECONDS: Final = re.compile(r"[0-9]{1,12}\Z")
_WHSEC: Final = "whsec_"
MAX_SIGNATURES: Final = 16
"""Signatures of one request that are looked at; senders add one per secret while they rotate."""


MAX_ID_CHARS: Final = 256
"""Of a longer id of a delivery the rest is left out."""


class SignatureInvalid(Exception):
    """The request does not carry a valid signature."""


class SignatureStale(SignatureInvalid):
    """The signed time is too far from ours."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature is about; `headers` are looked up without regard to case."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header without blanks around it, empty where it is missing."""
        return self.headers.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """A delivery whose signature is valid.

    `id` is the sender's name for it, empty where it has none. `id_signed` tells that nobody but
    the sender can have chosen it. `proof` is the signature where it is over a time too, so that no
    two requests of a sender have the same one; else empty.
    """

    id: str
    id_signed: bool
    proof: str = ""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The check of one mapping; `tolerance_s` is how far a signed time may be from ours."""

    settings: HookSignature
    tolerance_s: int

    def verify(self, request: SignedRequest, payload: Any, now_s: float) -> SignedDelivery:
        """Return the delivery. Raises SignatureInvalid; `now_s` is Unix seconds.

        `payload` is the parsed body, used for its id only, and only once the body is known to be
        the sender's.
        """
        stale = False
        for secret in self._secrets():
            scheme = self._scheme(secret)
            try:
                signed_at, proof = scheme.check(request, secret)
            except SignatureInvalid:
                continue
            if signed_at is None or abs(now_s - int(signed_at)) <= self.tolerance_s:
                name = plain_text(scheme.delivery_id(request, payload))[:MAX_ID_CHARS]
                return SignedDelivery(name, scheme.id_signed, proof if signed_at else "")
            stale = True
        raise SignatureStale if stale else SignatureInvalid

    def _secrets(self) -> Iterator[str]:
        for secret in (self.settings.secret, self.settings.previous_secret):
            value = secret.get_secret_value().strip() if secret is not None else ""
            if value:
                yield value

    def _scheme(self, secret: str) -> _Scheme:
        settings = self.settings
        match settings.provider:
            case "gitlab":
                return _STANDARD if secret.startswith(_WHSEC) else _GITLAB_TOKEN
            case "hmac":
                return _hmac_scheme(settings)
            case _:
                return _SCHEMES[settings.provider]


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How one provider signs; signatures are bytes as they stand in the header."""

    signatures: Callable[[SignedRequest], Iterable[bytes]]
    expected: Callable[[SignedRequest, str, str], bytes]
    delivery_id: Callable[[SignedRequest, Any], str]
    signed_at: Callable[[SignedRequest], str] | None = None
    id_signed: bool = False

    def check(self, request: SignedRequest, secret: str) -> tuple[str | None, str]:
        """Return the signed time, None where none is signed, and the signature that was expected.

        Raises SignatureInvalid.
        """
        signed_at = self.signed_at(request) if self.signed_at else None
        if signed_at is not None and not _SECONDS.match(signed_at):
            raise SignatureInvalid
        expected = self.expected(request, secret, signed_at or "")
        valid = False
        for signature in islice(self.signatures(request), MAX_SIGNATURES):
            valid |= hmac.compare_digest(signature, expected)
        if not valid:
            raise SignatureInvalid
        return signed_at, expected.decode()


def _digest(secret: bytes, signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret, signed, getattr(hashlib, algorithm)).digest()


def _hex(secret: str, signed: bytes, algorithm: str = "sha256") -> bytes:
    return _digest(secret.encode(), signed, algorithm).hex().encode()


def _sent(text: str) -> bytes:
    # Headers may hold any byte; aiohttp keeps what is no UTF-8 as surrogates.
    return text.encode("utf-8", "surrogateescape")


def _member(payload: Any, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    return value if isinstance(value, str) else ""


def _after(text: str, prefix: str) -> Iterator[bytes]:
    if text.startswith(prefix):
        yield _sent(text[len(prefix) :])


def _stripe_fields(request: SignedRequest, name: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in request.header("Stripe-Signature").split(","))
    return [value for key, _, value in pairs if key == name]


def _stripe_time(request: SignedRequest) -> str:
    return next(iter(_stripe_fields(request, "t")), "")


def _standard_expected(request: SignedRequest, secret: str, signed_at: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_WHSEC), validate=True)
    except binascii.Error:
        raise SignatureInvalid from None
    # Anybody can sign with the key that is left of a secret whose variable was empty.
    if not key:
        raise SignatureInvalid
    signed = _sent(f"{request.header('webhook-id')}.{signed_at}.") + request.body
    return base64.b64encode(_digest(key, signed))


def _standard_signatures(request: SignedRequest) -> Iterator[bytes]:
    for signature in request.header("webhook-signature").split():
        yield from _after(signature, "v1,")


def _webhook_id(request: SignedRequest, _: Any) -> str:
    return request.header("webhook-id")


def _standard_time(request: SignedRequest) -> str:
    return request.header("webhook-timestamp")


_STANDARD: Final = _Scheme(
    _standard_signatures, _standard_expected, _webhook_id, _standard_time, id_signed=True
)
_GITLAB_TOKEN: Final = _Scheme(
    signatures=lambda request: [_sent(request.header("X-Gitlab-Token"))],
    expected=lambda _request, secret, _signed_at: secret.encode(),
    delivery_id=lambda request, _payload: (
        request.header("X-Gitlab-Event-UUID") or request.header("Idempotency-Key")
    ),
)
_SCHEMES: Final[dict[str, _Scheme]] = {
    "github": _Scheme(
        signatures=lambda request: _after(request.header("X-Hub-Signature-256"), "sha256="),
        expected=lambda request, secret, _: _hex(secret, request.body),
        delivery_id=lambda request, _: request.header("X-GitHub-Delivery"),
    ),
    "stripe": _Scheme(
        signatures=lambda request: map(_sent, _stripe_fields(request, "v1")),
        expected=lambda request, secret, at: _hex(secret, f"{at}.".encode() + request.body),
        delivery_id=lambda _, payload: _member(payload, "id"),
        signed_at=_stripe_time,
        id_signed=True,
    ),
    "slack": _Scheme(
        signatures=lambda request: _after(request.header("X-Slack-Signature"), "v0="),
        expected=lambda request, secret, at: _hex(secret, f"v0:{at}:".encode() + request.body),
        delivery_id=lambda _, payload: (
            _member(payload, "event_id") or _member(payload, "trigger_id")
        ),
        signed_at=lambda request: request.header("X-Slack-Request-Timestamp"),
        id_signed=True,
    ),
    "standard-webhooks": _STANDARD,
}


def _hmac_scheme(settings: HookSignature) -> _Scheme:
    timestamp, id_header = settings.timestamp_header, settings.id_header

    def expected(request: SignedRequest, secret: str, signed_at: str) -> bytes:
        signed = f"{signed_at}.".encode() + request.body if timestamp else request.body
        digest = _digest(secret.encode(), signed, settings.algorithm)
        return base64.b64encode(digest) if settings.encoding == "base64" else digest.hex().encode()

    return _Scheme(
        signatures=lambda request: _after(request.header(settings.header), settings.prefix),
        expected=expected,
        delivery_id=lambda request, _: request.header(id_header) if id_header else "",
        signed_at=(lambda request: request.header(timestamp)) if timestamp else None,
    )
