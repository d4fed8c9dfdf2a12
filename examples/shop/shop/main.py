"""The HTTP interface: FastAPI, served by uvicorn."""
import contextlib
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel

from . import auth, inventory, jobs, legacy, orders, pricing, reports, store


class Account(BaseModel):
    name: str
    password: str
    country: str = "DE"


class Basket(BaseModel):
    country: str
    lines: list[tuple[str, int]]


class Quote(BaseModel):
    amount: str
    percent: int


class Feed(BaseModel):
    rows: list[dict]


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI):
    store.prepare()
    async with jobs.running():
        yield


app = FastAPI(title="shop", lifespan=lifespan)


async def claims(authorization: Annotated[str | None, Header()] = None) -> dict:
    try:
        return auth.check_token(authorization)
    except auth.Denied:
        raise HTTPException(401, "log in first")


Claims = Annotated[dict, Depends(claims)]


@app.get("/health")
async def health():
    return {"ok": True}


@app.post("/users", status_code=201)
def register(account: Account):
    return {"user": auth.register(account.name, account.password, account.country)}


@app.post("/login")
def login(account: Account):
    try:
        return {"token": auth.login(account.name, account.password)}
    except auth.Denied:
        raise HTTPException(401, "wrong name or password")


def show(product: inventory.Product) -> dict:
    return {"sku": product.sku, "title": product.title, "price": pricing.format_price(product.price),
            "available": product.available}


@app.get("/products")
def search(q: str = ""):
    return [show(product) for product in inventory.search(q)]


@app.get("/products/{sku}")
def product(sku: str):
    try:
        return show(inventory.get(sku))
    except LookupError:
        raise HTTPException(404, "no such product")


@app.get("/products/{sku}/delivery")
async def delivery(sku: str, region: str = "domestic"):
    try:
        found = inventory.get(sku)
    except LookupError:
        raise HTTPException(404, "no such product")
    return {"days": 0 if found.available else inventory.supplier_lead_time(found.supplier, region),
            "restock_days": inventory.supplier_lead_time(found.supplier, region)}


@app.get("/catalogue")
def catalogue():
    return {"pages": [len(page) for page in inventory.pages()]}


@app.post("/orders", status_code=201)
async def place(basket: Basket, who: Claims):
    order = orders.Order(basket.country)
    for sku, quantity in basket.lines:
        order.add(sku, quantity)
    try:
        number = orders.place(order, who["user"])
    except orders.InvalidOrder as error:
        raise HTTPException(422, str(error))
    except (LookupError, inventory.OutOfStock):
        raise HTTPException(409, "not available")
    await jobs.later(number)
    return {"order": number}


@app.get("/orders/{number}")
def order(number: int, who: Claims):
    try:
        return orders.summary(number, who["user"])
    except LookupError:
        raise HTTPException(404, "no such order")


@app.delete("/orders/{number}", status_code=204)
def cancel(number: int, who: Claims):
    try:
        orders.cancel(number, who["user"])
    except LookupError:
        raise HTTPException(404, "no such order")
    return Response(status_code=204)


@app.post("/legacy/quote")
def quote(request: Quote):
    return {"amount": legacy.quote(request.amount, request.percent)}


@app.post("/import")
def import_feed(feed: Feed):
    return jobs.import_feed(feed.rows)


@app.get("/reports/revenue.csv")
def revenue():
    return Response(reports.revenue_csv(), media_type="text/csv")


@app.get("/reports/best")
def best():
    return reports.best_sellers()


@app.get("/reports/stock")
def stock():
    return {"value": pricing.format_price(reports.stock_value())}


@app.get("/reports/states")
def states():
    return reports.orders_by_state()


@app.get("/reports/customers")
def customers():
    return reports.customers_by_country()


@app.get("/reports/days")
def days():
    return reports.sales_by_day()


@app.get("/reports/similar")
def similar():
    return [{"one": one, "other": other, "likeness": round(value, 3)}
            for one, other, value in reports.similar_products()]
