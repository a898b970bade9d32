"""The whole documented order as types: what a decoder without our allow-list would read, for the limit of decoding.

Belongs here: every field of the benchmark's orders. Does not: anything the loader uses (`sources.qtickets.records`).
"""

from __future__ import annotations

from typing import Any

import msgspec


class Details(msgspec.Struct, gc=False):
    id: int
    name: str
    middlename: str | None
    surname: str
    phone: str
    vk_id: str
    facebook_id: str


class Client(msgspec.Struct, gc=False):
    id: int
    email: str
    details: Details


class Site(msgspec.Struct, gc=False):
    id: int
    host: str


class Basket(msgspec.Struct, gc=False):
    id: int
    series: str
    barcode: str
    show_id: int
    seat_id: str
    seat_name: str
    original_price: float
    ticket_original_price: float
    discount_value: float
    price: float
    ticket_amount: float
    service_fee_amount: float
    multiprice_code: str | None
    quantity: int
    client_email: str
    client_phone: str
    client_name: str
    client_surname: str
    client_middlename: str | None
    organization_name: str | None
    legal_name: str | None
    work_position: str | None
    inn: str | None
    kpp: str | None
    comment: str | None
    related_baskets: list[Any]
    pdf_url: str
    passbook_url: str
    services: list[Any]
    checked_at: str | None
    created_at: str
    updated_at: str
    deleted_at: str | None
    refunded_at: str | None
    refunded_amount: float | None
    refunded_deduction_amount: float | None
    refunds: list[Any]


class Order(msgspec.Struct, gc=False):
    id: int
    uniqid: str
    payed: bool
    payed_at: str | None
    client_id: int
    client: Client
    site_id: int
    site: Site
    payment_id: int
    payment_type_id: str
    payment_card_number: str
    payment_url: str
    cancel_url: str
    basket_user_id: int
    backend_user_id: int | None
    access_code_id: int | None
    reserved: bool
    reserved_to: str
    reserve_extended: bool
    integrations: list[Any]
    event_id: int
    price: float
    original_price: float
    currency_id: str
    utm: dict[str, str]
    custom: str
    baskets: list[Basket]
    refunds: list[Any]
    created_at: str
    updated_at: str
    deleted_at: str | None
    discount_id: int | None
    promo_code_id: int | None
    fields: list[Any]


class Page(msgspec.Struct):
    data: list[Order]
    paging: dict[str, int]
