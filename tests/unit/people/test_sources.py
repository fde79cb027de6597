"""Sources that a programme does not name are told by their names all the same."""

from stamgast.domain.costs import Costs
from stamgast.domain.customer import Customer
from stamgast.identity.records import Profile
from stamgast.identity.veiling import Veils
from stamgast.people.sources import UnnamedSources
from tests.builders import MERCHANT, program

VEIL = Veils(b"i" * 32).of(MERCHANT)


class People:
    """Profiles; whoever is not there was forgotten."""

    def __init__(self, **sources: str) -> None:
        self.sources = sources
        self.asked: list[str] = []

    async def profile(self, merchant: str, customer: str) -> Profile | None:
        assert merchant == MERCHANT
        self.asked.append(customer)
        return Profile(source=self.sources[customer]) if customer in self.sources else None


def came(name: str) -> Customer:
    return Customer(source=VEIL.source(name))


async def test_one_customer_of_each_is_asked_and_another_if_they_were_forgotten_meanwhile():
    shop = program(costs=Costs(acquisition_costs={"flyer": ((0, 400),)})).behind(VEIL)
    unnamed = UnnamedSources(shop)
    assert not unnamed
    unnamed.add([("anna", came("flyer")), ("bram", Customer(source="fair")), ("cato", Customer())])
    assert not unnamed, "the programme names it, it stands there by its name, or there is none"
    unnamed.add([("daan", came("fair")), ("elin", came("fair")), ("floor", came("radio"))])
    people = People(elin="fair")
    assert await unnamed.names(people) == {VEIL.source("fair"): "fair"}
    assert people.asked == ["daan", "elin", "floor"]
