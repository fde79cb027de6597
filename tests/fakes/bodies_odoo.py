"""Bodies as odoo sends them, for tests of several kinds."""

from typing import Any

BREAD = {"id": 901, "product_id": [31, "[BROOD] Rye bread"], "full_product_name": "Rye bread", "qty": 2.0, "price_unit": 3.5, "discount": 10.0,
         "price_subtotal": 5.779816513761468, "price_subtotal_incl": 6.3, "total_cost": 2.2, "refunded_orderline_id": False, "is_reward_line": False,
         "product": {"id": 31, "default_code": "BROOD", "barcode": "8712345678906", "categ_id": [4, "Bread"]}}  # fmt: skip
CHEESE = {"id": 902, "product_id": [32, "Cheese"], "full_product_name": "Cheese", "qty": 0.348, "price_unit": 16.95, "discount": 0.0,
          "price_subtotal": 5.41, "price_subtotal_incl": 5.9, "total_cost": 3.13, "refunded_orderline_id": False}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": 42, "uuid": "5f1c1b3e-aaaa-4bbb-8ccc-000000000042", "name": "Dok Noord/0042", "pos_reference": "Order 00001-001-0042", "state": "paid",
    "date_order": "2026-10-01 07:42:10", "write_date": "2026-10-01 07:42:12", "amount_total": 12.2, "amount_tax": 1.01, "amount_paid": 12.2,
    "amount_return": 0.0, "config_id": [3, "Dok Noord"], "session_id": [9, "POS/00009"], "company_id": [1, "Bakery"], "partner_id": [7, "Anna"],
    "partner": {"id": 7, "phone": "+31 6 12345678", "barcode": "042000000001"}, "currency_id": [1, "EUR"], "user_id": [2, "Els"],
    "is_tipped": False, "tip_amount": 0.0, "lines": [BREAD, CHEESE],
    "payment_ids": [{"id": 1, "amount": 2.2, "payment_method_id": [1, "Cash"]}, {"id": 2, "amount": 10.0, "payment_method_id": [2, "Bancontact"]}],
}  # fmt: skip
BACK = BREAD | {"id": 911, "qty": -1.0, "price_subtotal": -2.89, "price_subtotal_incl": -3.15, "total_cost": -1.1, "refunded_orderline_id": [901, "x"],
                "refunded_order": {"id": 42, "uuid": ORDER["uuid"], "pos_reference": "Order 00001-001-0042"}}  # fmt: skip
RETURN: dict[str, Any] = ORDER | {
    "id": 43, "uuid": "5f1c1b3e-aaaa-4bbb-8ccc-000000000043", "amount_total": -3.15, "amount_tax": -0.26, "amount_paid": -3.15, "lines": [BACK],
    "date_order": "2026-10-02 07:42:10", "write_date": "2026-10-02 07:42:12",
    "payment_ids": [{"id": 3, "amount": -3.15, "payment_method_id": [1, "Cash"]}],
}  # fmt: skip


def database(path: str, query: Any, document: Any) -> Any:
    plain = {key: value for key, value in BREAD.items() if key != "product"}
    bare = ORDER | {"lines": [901, 902], "payment_ids": [1, 2]}
    bare.pop("partner")
    back = RETURN | {"lines": [911], "payment_ids": [3], "partner_id": False}
    back.pop("partner")
    tables: dict[str, list[dict[str, Any]]] = {
        "/pos.order": [bare, back],
        "/pos.order.line": [plain, CHEESE, {k: v for k, v in BACK.items() if k not in {"refunded_order", "product"}}],
        "/pos.payment": [*ORDER["payment_ids"], *RETURN["payment_ids"]],
        "/res.partner": [{"id": 7, "phone": "+31612345678", "barcode": False}],
        "/product.product": [{"id": 31, "default_code": "BROOD", "barcode": False, "categ_id": [4, "Bread"]}],
    }
    table, _, method = path.removeprefix("/json/2").rpartition("/")
    rows = [row | ({"order_id": [42, "x"]} if row["id"] == 901 else {}) for row in tables[table]]
    if method == "read":
        return [row for row in rows if row["id"] in document["ids"]]
    wanted = [each[2] for each in document["domain"] if each[0] == "id"]
    return [row for row in rows if not wanted or row["id"] in wanted]
