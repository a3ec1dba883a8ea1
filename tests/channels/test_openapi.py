"""docs/openapi.yml against the routes and against what the server really says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import pytest
from jsonschema import RefResolver, ValidationError
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from openapi_spec_validator import openapi_v30_spec_validator
from ruamel.yaml import YAML

from bot.channels.api import ChatApi
from bot.channels.errors import MESSAGES
from bot.messages import Language, ReplyKind
from bot.settings import ROOT
from tests.channels.listener import Chat, Client, Listener, open_chat


@cache
def document() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = YAML(typ="safe").load((ROOT / "docs" / "openapi.yml").read_text("utf-8"))
    return loaded


def operation(method: str, path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document()["paths"][path][method]
    return found


def check(schema: Mapping[str, Any], value: object) -> None:
    """Raises when `value` does not fit `schema`, whose references point into the document."""
    resolver = RefResolver.from_schema(document())
    OAS30Validator(schema, resolver=resolver, format_checker=oas30_format_checker).validate(value)


def response_schema(method: str, path: str, status: int) -> Mapping[str, Any]:
    response = operation(method, path)["responses"][str(status)]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema: Mapping[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def message_schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = document()["components"]["schemas"]["Message"]
    return schema


def test_the_document_is_valid() -> None:
    openapi_v30_spec_validator.validate(document())


async def test_the_document_names_every_route_and_no_other(api: ChatApi) -> None:
    routes = {(route.method.lower(), route.path) for route in api.routes()}
    documented = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert documented == routes


async def test_no_route_hides_beside_the_listed_ones(client: Client) -> None:
    assert client.app is not None
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert served == {(method, path) for path in document()["paths"] for method in document()["paths"][path]}


def test_enumerations_are_those_of_the_code() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["Reply"]["properties"]["kind"]["enum"] == [kind.value for kind in ReplyKind]
    assert schemas["Language"]["enum"] == [language.value for language in Language]
    assert schemas["Error"]["properties"]["error"]["properties"]["code"]["enum"] == list(MESSAGES)


@pytest.mark.parametrize("field", message_schema()["required"])
async def test_required_fields_are_required(client: Client, listener: Listener, field: str) -> None:
    chat = await open_chat(client)
    body = {"conversation": chat.conversation, "client_message_id": "1", "text": "hello"}
    check(message_schema(), body)
    body.pop(field)
    status = await _post(chat, body)
    assert status == 400
    assert listener.heard == []


async def test_real_answers_fit(client: Client) -> None:
    async with client.post("/api/conversations", json={}) as response:
        check(response_schema("post", "/api/conversations", 201), await response.json())
    chat = await open_chat(client)
    status, body = await chat.post({})
    check(response_schema("post", "/api/messages", status), body)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_real_health_fits(client: Client, missing: list[str], path: str) -> None:
    for reasons in ([], ["engine"]):
        missing[:] = reasons
        async with client.get(path) as response:
            check(response_schema("get", path, response.status), await response.json())


REFUSED: Mapping[int, tuple[bytes, Mapping[str, str]]] = {
    400: (b"{", {}),
    401: (b"{}", {"Authorization": "Bearer no"}),
    403: (b"{}", {"Origin": "https://evil.example"}),
    413: (b"x" * 1_000_001, {}),
}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (path, status)
        for path, status in product(("/api/conversations", "/api/messages", "/api/call-backs"), REFUSED)
        if str(status) in operation("post", path)["responses"]
    ],
)
async def test_real_errors_fit(chat: Chat, path: str, status: int) -> None:
    body, headers = REFUSED[status]
    sent = {"Authorization": f"Bearer {chat.token}", **headers}
    async with chat.client.post(path, data=body, headers=sent) as response:
        assert response.status == status
        assert response.content_type == "application/json"
        check(response_schema("post", path, status), await response.json())


async def test_a_wish_to_be_called_fits(chat: Chat) -> None:
    body = {
        "conversation": chat.conversation,
        "client_message_id": "1",
        "number": "4075550142",
        "consent": True,
    }
    headers = {"Authorization": f"Bearer {chat.token}"}
    for number, status in (("4075550142", 200), ("none", 422)):
        sent = {**body, "number": number}
        check(document()["components"]["schemas"]["CallBack"], sent)
        async with chat.client.post("/api/call-backs", json=sent, headers=headers) as response:
            assert response.status == status
            check(response_schema("post", "/api/call-backs", status), await response.json())


async def test_a_failure_of_our_own_fits(
    chat: Chat, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "exchange", None)
    status, body = await chat.post({})
    assert status == 500
    check(response_schema("post", "/api/messages", status), body)


def test_the_check_can_fail() -> None:
    empty: dict[str, Any] = {"quick_replies": [], "source": None, "links": []}
    reply = {"kind": "answer", "text": "x", "language": "en", **empty}
    schema = document()["components"]["schemas"]["Reply"]
    check(schema, reply)
    script = {"label": "x", "href": "javascript:x"}
    for wrong in ({"kind": "joke"}, {"text": None}, {"extra": 1}, {"links": [script]}):
        with pytest.raises(ValidationError):
            check(schema, {**reply, **wrong})


async def _post(chat: Chat, body: Mapping[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {chat.token}"}
    async with chat.client.post("/api/messages", json=body, headers=headers) as response:
        return response.status
