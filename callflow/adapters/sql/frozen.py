"""The domain's frozen records as JSON text, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter

from callflow.domain import commands
from callflow.domain.calls import Call
from callflow.domain.commands import Order
from callflow.domain.tickets import Life

_CALL: Final = TypeAdapter(Call)
_LIFE: Final = TypeAdapter(Life)
_ORDERS: Final[dict[str, TypeAdapter[Order]]] = {
    order.__name__: TypeAdapter(order)
    for order in vars(commands).values()
    if isinstance(order, type) and issubclass(order, Order) and order is not Order
}


def call_text(call: Call) -> str:
    """A call, whole."""
    return _CALL.dump_json(call).decode()


@lru_cache(maxsize=256)
def call_of(text: str) -> Call:
    """The call that was written; fields it did not have yet get their defaults. An event reads the same text often."""
    return _CALL.validate_json(text)


def life_text(life: Life) -> str:
    """A ticket's life, whole."""
    return _LIFE.dump_json(life).decode()


def life_of(text: str) -> Life:
    """The life that was written; fields it did not have yet get their defaults."""
    return _LIFE.validate_json(text)


def order_text(order: Order) -> tuple[str, str]:
    """An order's name and its fields."""
    name = type(order).__name__
    return name, _ORDERS[name].dump_json(order).decode()


def order_of(name: str, text: str) -> Order:
    """The order that was written."""
    return _ORDERS[name].validate_json(text)
