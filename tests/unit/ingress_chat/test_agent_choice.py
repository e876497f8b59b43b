"""Who answers a chat request, and with which backend model."""

import pytest

from openclaw_common.runtime.config import Config
from tests.unit.ingress_chat.chat_requests import config, refusal, run_of

INVALID_MODEL = "Invalid `model`. Use `openclaw` or `openclaw/<agentId>`."


@pytest.mark.parametrize(
    ("model", "agent"),
    [
        ("openclaw", "main"),
        ("OpenClaw", "main"),
        ("openclaw/default", "main"),
        ("openclaw/main", "main"),
        ("openclaw/beta", "beta"),
        ("openclaw:beta", "beta"),
        ("agent:beta", "beta"),
        ("Agent:BETA", "beta"),
        (" openclaw/beta ", "beta"),
        ("openclaw:default", "main"),
        ("gpt-4", "main"),
        ("acme/unlisted", "main"),
    ],
)
def test_every_form_of_model_finds_its_agent_and_is_echoed(model: str, agent: str) -> None:
    run = run_of({"model": model})
    assert (run.agent_id, run.model) == (agent, model.strip())


@pytest.mark.parametrize("model", ["openclaw/nobody", "openclaw:nobody", "agent:nobody"])
def test_an_unknown_agent_is_refused(model: str) -> None:
    assert refusal({"model": model}) == "Unknown agent 'nobody'."


@pytest.mark.parametrize("model", ["openclaw/", "openclaw/a b", "agent:", "agent:-x", "openclaw:é"])
def test_a_malformed_openclaw_form_does_not_mean_the_default_agent(model: str) -> None:
    assert refusal({"model": model}) == INVALID_MODEL


@pytest.mark.parametrize("header", ["x-openclaw-agent-id", "x-openclaw-agent"])
def test_the_agent_header_wins_over_the_model(header: str) -> None:
    assert run_of({"model": "openclaw/main"}, {header: "Beta"}).agent_id == "beta"
    assert run_of({"model": "gpt-4"}, {header: "beta"}).agent_id == "beta"


@pytest.mark.parametrize("agent", ["nobody", "../etc", "b b"])
def test_an_agent_header_that_names_nobody_is_refused(agent: str) -> None:
    assert refusal({}, {"x-openclaw-agent-id": agent}) == f"Unknown agent '{agent}'."


def test_the_agent_id_header_wins_over_its_alias_and_a_blank_one_counts_as_absent() -> None:
    both = {"x-openclaw-agent-id": "beta", "x-openclaw-agent": "main"}
    assert run_of({}, both).agent_id == "beta"
    assert run_of({}, {"x-openclaw-agent-id": " "}).agent_id == "main"


@pytest.mark.parametrize(
    "strict",
    [config(compat="current"), config(endpoints={"chatCompletions": {"strictModel": True}})],
    ids=["compat current", "strictModel"],
)
def test_a_strict_gateway_refuses_foreign_models_even_beside_an_agent_header(
    strict: Config,
) -> None:
    assert refusal({"model": "gpt-4"}, using=strict) == INVALID_MODEL
    assert refusal({"model": "gpt-4"}, {"x-openclaw-agent": "beta"}, using=strict) == INVALID_MODEL
    assert run_of({"model": "openclaw:beta"}, using=strict).agent_id == "beta"


@pytest.mark.parametrize("model", [..., None, ""])
def test_the_current_release_takes_a_request_without_a_model(model: object) -> None:
    run = run_of({"model": model}, using=config(compat="current"))
    assert (run.agent_id, run.model) == ("main", "openclaw")


@pytest.mark.parametrize(
    ("model", "override"),
    [
        ("acme/small", "acme/small"),
        ("acme/anything/at-all", "acme/anything/at-all"),
        ("unknown/model", None),
        ("acme/", None),
        ("gpt-4", None),
        ("openclaw", None),
        ("acme/with blank", None),
    ],
)
def test_a_model_that_names_an_allowed_backend_model_is_the_override(
    model: str, override: str | None
) -> None:
    assert run_of({"model": model}).model_override == override


@pytest.mark.parametrize(
    ("model", "override"),
    [("acme/large", "acme/large"), ("acme/small", None), ("other/tiny", None)],
)
def test_an_agent_with_a_list_of_models_allows_only_those(model: str, override: str | None) -> None:
    run = run_of({"model": model}, {"x-openclaw-agent-id": "beta"})
    assert run.model_override == override


def test_the_model_header_overrides_what_the_body_names() -> None:
    run = run_of({"model": "acme/small"}, {"x-openclaw-model": "acme/other"})
    assert (run.model, run.model_override) == ("acme/small", "acme/other")


@pytest.mark.parametrize("model", ["small", "acme/", "/small", "acme /small", "a/" + "b" * 300])
def test_a_model_header_that_names_no_backend_model_is_refused(model: str) -> None:
    assert refusal({}, {"x-openclaw-model": model}) == "Invalid `x-openclaw-model`."


def test_a_model_header_that_the_agent_may_not_use_is_refused() -> None:
    text = refusal({"model": "agent:beta"}, {"x-openclaw-model": "acme/small"})
    assert text == "Model 'acme/small' is not allowed for agent 'beta'."
    text = refusal({}, {"x-openclaw-model": "nowhere/small"})
    assert text == "Model 'nowhere/small' is not allowed for agent 'main'."


@pytest.mark.parametrize(
    "name", ["x-openclaw-agent-id", "x-openclaw-session-key", "x-openclaw-model"]
)
def test_a_routing_header_that_is_not_utf8_is_refused(name: str) -> None:
    # How aiohttp hands over a header byte that is no UTF-8.
    assert refusal({}, {name: "a\udcff"}) == f"`{name}` is not valid UTF-8."


@pytest.mark.parametrize(
    ("header", "channel"),
    [({}, "webchat"), ({"x-openclaw-message-channel": "Slack"}, "slack")]
    + [({"x-openclaw-message-channel": bad}, "webchat") for bad in ("", "a b", "x" * 65)],
)
def test_the_message_channel_comes_from_its_header(header: dict[str, str], channel: str) -> None:
    assert run_of({}, header).message_channel == channel
