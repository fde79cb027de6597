"""An attempt in doubt is looked up afterwards: found, not found, or not to be told."""

from dataclasses import replace

import pytest

from channels.model import Lookup, NotAskedError, Outcome, Price, Sender, SmsText
from tests.integration.sandbox.shop import SMS, T0, ends_as, ready, send, switch


async def test_an_attempt_in_doubt_is_found_when_it_was_accepted_and_not_when_it_was_lost(channel, shop, control):
    prepared = ready(channel)
    await switch(control, next=["lost_before"])
    assert (await send(channel, shop)).outcome is Outcome.IN_DOUBT
    assert (await channel.find(prepared, "attempt-1", T0)).lookup is Lookup.NONE
    await switch(control, next=["lost_after"])
    assert (await send(channel, shop, attempt="attempt-2")).outcome is Outcome.IN_DOUBT
    message = await ends_as(control, "delivered")
    found = await channel.find(prepared, "attempt-2", T0)
    assert (found.lookup, found.provider_id, found.status) == (Lookup.FOUND, message["sid"], "delivered")
    assert (await channel.find(prepared, "attempt-2", T0, {message["sid"]})).lookup is Lookup.NONE


async def test_a_look_up_binds_nothing_when_several_messages_fit_or_another_is_meant(channel, shop, control, shop_time):
    await send(channel, shop, attempt="a")
    other_text = replace(SMS, source=SmsText("Iets anders"))
    other_sender = replace(SMS, sender=Sender.named("MG" + "2" * 32))
    assert (await channel.find(ready(channel, other_text), "x", T0)).lookup is Lookup.NONE
    assert (await channel.find(ready(channel, other_sender), "x", T0)).lookup is Lookup.NONE
    assert (await channel.find(ready(channel), "x", T0 + 120_000)).lookup is Lookup.NONE
    await send(channel, shop, attempt="b")
    assert (await channel.find(ready(channel), "x", T0)).lookup is Lookup.SEVERAL


async def test_what_a_message_cost_is_known_once_it_has_left(channel, shop, control, sandbox):
    sent = await send(channel, shop, replace(SMS, source=SmsText("Brood! " * 40)))
    await ends_as(control, "delivered")
    assert await channel.price(sent.provider_id) == Price(2 * 75_000, "EUR")
    assert await channel.price("SM" + "0" * 32) is None, "a message that was deleted there has none"
    sandbox.stop()
    with pytest.raises(NotAskedError):
        await channel.price(sent.provider_id)


async def test_a_look_up_that_cannot_be_made_says_so(channel, sandbox):
    prepared = ready(channel)
    sandbox.stop()
    assert (await channel.find(prepared, "a", T0)).lookup is Lookup.UNAVAILABLE
