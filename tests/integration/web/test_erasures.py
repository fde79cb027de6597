"""Forgetting a person over HTTP: whole, once, and not half-undone by an enrolment at the same moment."""

import asyncio

from stamgast.domain.events import Erased
from stamgast.identity.ids import Identifier
from tests.integration.web.conftest import MERCHANT
from tests.integration.web.test_people import JAN, events


async def test_an_erased_person_is_gone_and_comes_back_as_somebody_else(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    identities = web.parts.identities
    theirs = [Identifier("phone", "+31612345678"), Identifier("membership", "M-100")]
    key = await web.new_key("admin")
    gone = await web.client.delete(
        f"/v1/merchants/{MERCHANT}/customers/{customer}", headers={"Authorization": f"Bearer {key}"}
    )
    assert (gone.status_code, gone.json()["identifiers"]) == (200, 2)
    assert await identities.profile(MERCHANT, customer) is None
    assert await identities.customer_of(MERCHANT, theirs[0]) is None
    again = await web.post("/customers", JAN)
    assert again.status_code == 201
    assert again.json()["customer"] != customer


async def test_an_erasure_that_was_cut_short_is_finished_by_asking_again(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    admin = {"Authorization": f"Bearer {await web.new_key('admin')}"}
    url = f"/v1/merchants/{MERCHANT}/customers/{customer}"
    await web.parts.identities.erase(MERCHANT, customer, [], 1)  # as far as the data key and the profile
    assert (await web.client.delete(url, headers=admin)).json()["identifiers"] == 2
    assert await web.parts.identities.known_as(MERCHANT, customer) == []
    assert len([event for event in await events(web) if isinstance(event, Erased)]) == 1
    assert (await web.client.delete(url, headers=admin)).status_code == 404  # no worker has made a state of it


async def test_enrolling_and_forgetting_at_the_same_moment_leaves_one_or_the_other_whole(web):
    admin = {"Authorization": f"Bearer {await web.new_key('admin')}"}
    customer = (await web.post("/customers", JAN)).json()["customer"]
    identities, phone = web.parts.identities, Identifier("phone", "+31612345678")
    for _ in range(5):
        url = f"/v1/merchants/{MERCHANT}/customers/{customer}"
        gone, came = await asyncio.gather(web.client.delete(url, headers=admin), web.post("/customers", JAN))
        assert (gone.status_code, came.status_code) in {(200, 200), (200, 201)}
        held = await identities.customer_of(MERCHANT, phone)
        assert held != customer
        if held is None:  # it came first, and was forgotten with the rest
            assert await identities.profile(MERCHANT, came.json()["customer"]) is None
            held = (await web.post("/customers", JAN)).json()["customer"]
        profile = await identities.profile(MERCHANT, held)
        assert profile is not None
        assert profile.name == JAN["name"]
        customer = held
