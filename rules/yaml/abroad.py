"""Words of rules as they come to mind in Dutch, French and German, and as other programs call them.

Nothing is understood by them: a rule is written in one language, so that everybody can read it. They only find the word
that was meant when an unknown one is told.
"""

from collections.abc import Collection
from functools import cache
from typing import Final

from stamgast.domain.spelling import meant_by

_TABLE: Final = """
rule: regel naam_regel regle règle nom_de_regle name id titel titre title
description: beschrijving omschrijving uitleg descriptif beschreibung erklaerung erklärung
status: toestand staat statut état etat zustand state
when: wanneer zodra bij quand lorsque dès des wenn_etwas wann sobald trigger event on_event
if: als indien voorwaarde voorwaarden si condition conditions wenn falls bedingung bedingungen where only_if
then: dan actie acties doe alors action actions dann aktion aktionen do
once_per: eenmaal_per een_keer_per une_fois_par einmal_pro once per
limits: grenzen limieten beperkingen limites grenze limit
timing: tijd tijden tijdstip horaire horaires zeiten zeit time schedule
priority: prioriteit voorrang priorité priorite priorität prioritaet rang
tests: testen proeven essais prüfungen pruefungen test
any: een_van minstens_een un_de au_moins_un eines irgendein or
all: alle allemaal tous toutes und alles and
none: geen aucun aucune keine keiner not nor
purchase: aankoop koop achat kauf einkauf bought buy sale order
refunded: terugbetaald retour remboursé rembourse erstattet zurueckgegeben refund returned
visits_reached: bezoeken_bereikt visites_atteintes besuche_erreicht visit_number nth_visit
visits: bezoeken bezoek visites visite besuche besuch aantal_bezoeken visit_count
spend: besteed besteding uitgaven dépenses depenses dépensé ausgaben umsatz spent spending revenue total_spent
weekday: weekdag dag jour jour_de_semaine wochentag tag_der_woche day day_of_week
stage: fase stadium phase étape etape stufe lifecycle lifecycle_stage
store: winkel vestiging filiaal magasin boutique laden geschäft geschaeft filiale branch shop location
basket_has: mandje winkelmand bevat panier contient warenkorb enthält enthaelt basket basket_contains contains
feed: kassa caisse kasse
churn_probability: vertrekkans kans_op_vertrek probabilité_de_départ abwanderung churn churn_risk
clv: klantwaarde waarde valeur_client kundenwert ltv lifetime_value customer_value
clv_passed: klantwaarde_bereikt valeur_atteinte kundenwert_erreicht clv_reached
stamp_card_completed: stempelkaart_vol kaart_vol carte_complète carte_complete stempelkarte_voll card_full
stamp_card_reaches: stempels_bereikt tampons_atteints stempel_erreicht stamps_reached card_reaches
stamps: stempels stempel tampons tampon stamp
card: kaart stempelkaart carte karte stempelkarte
became_at_risk: dreigt_weg_te_blijven à_risque a_risque gefährdet gefaehrdet at_risk
lapsing: blijft_weg s_éloigne bleibt_weg bleibt_aus inactive dormant
lapsed: weggebleven perdu verloren ausgeblieben lost churned
won_back: teruggekomen terug revenu de_retour zurückgewonnen zurueckgewonnen zurück came_back returned_customer
send: stuur verstuur zend envoyer envoie envoyez senden sende schicken message sms mail notify_customer
by: via door par per_kanaal über ueber channel channels
give: geef geven donner donne geben gib gutschein bon voucher reward coupon cadeau beloning
valid_for: geldig geldigheid geldig_voor valable valable_pour gültig gueltig gültig_für valid expires validity
set_tier: zet_niveau niveau_geven donner_niveau attribuer_niveau stufe_geben stufe_setzen give_tier promote
for: voor pour für fuer during lasting
tag: label etiket étiquette etiquette markering
add: voeg_toe toevoegen ajouter hinzufügen hinzufuegen
remove: verwijder verwijderen enlever supprimer retirer entfernen untag
at_least: minstens minimaal ten_minste minimum min au_moins mindestens gte from
at_most: hoogstens maximaal maximum max au_plus höchstens hoechstens lte up_to
more_than: meer_dan plus_de mehr_als above greater_than gt over
less_than: minder_dan moins_de weniger_als below lower_than lt under
send_between: stuur_tussen verstuur_tussen envoyer_entre senden_zwischen between hours
if_outside: buiten_tijd en_dehors ausserhalb außerhalb otherwise outside
give_up_after: opgeven_na abandonner_après aufgeben_nach timeout expire_after
send_late: laat_sturen envoyer_tard spät_senden
cool_down: afkoelperiode rustperiode wachttijd délai delai pause ruhezeit abkühlzeit cooldown
messages: berichten messages_par_jour nachrichten max_messages
hold_out: controlegroep groupe_témoin groupe_temoin kontrollgruppe holdout control_group
customer: klant client kunde per_klant
quiet_spell: stilte rustige_periode silence stille ruhe
week: weken semaine semaines woche wochen weekly
month: maand maanden mois monat monate monthly
year: jaar jaren an année annee jahr jahre yearly
name: naam nom bezeichnung
given: gegeven stel étant_donné donnée gegeben angenommen setup
expect: verwacht verwachting attendu attendre erwarte erwartet expected assert
nothing: niets rien nichts
withdraw: intrekken retirer_cadeau zurückziehen zurueckziehen revoke
product: artikel produit produkt sku item
category: categorie catégorie kategorie rubriek group
amount: bedrag montant betrag price sum
method: methode méthode
merchant: handelaar marchand commerçant händler haendler
currency: munt valuta devise monnaie währung waehrung
time_zone: tijdzone fuseau fuseau_horaire zeitzone timezone tz
languages: talen taal langues langue sprachen sprache language locale locales
language: taal langue sprache
stores: winkels vestigingen filialen magasins boutiques läden laeden geschäfte shops branches locations
cards: kaarten stempelkaarten cartes karten stempelkarten stamp_cards
rewards: beloningen cadeaus récompenses recompenses belohnungen prämien praemien gutscheine vouchers
templates: sjablonen berichten modèles modeles vorlagen nachrichten_vorlagen texts
messaging: berichten_instellingen messagerie benachrichtigung sending
costs: kosten coûts couts frais cost
prices: prijzen tarieven prix tarifs preise price
margin: marge gewinnspanne spanne
margins: marges spannen
vat: btw tva mwst ust taxe tax
closed: gesloten fermé ferme geschlossen holidays
exchange: wisselkoers wisselkoersen change taux wechselkurs rates
region: land regio pays région land_code country
names: namen noms
purpose: doel but objectif zweck
categories: categorieën categorieen catégories kategorien
products: producten produits produkte
per: voor_elke pour_chaque für_jeden stamp_for
minimum_spend: minimumbedrag minimale_besteding achat_minimum mindestumsatz min_spend minimum_amount
reward: beloning cadeau récompense belohnung prämie gift
live: actief aan actif active aktiv an on enabled running
draft: concept ontwerp brouillon entwurf
paused: gepauzeerd uit stop en_pause pausiert aus off disabled
shadow: schaduw ombre schatten
wait: wachten attendre warten
monday: maandag lundi montag ma lu mo
tuesday: dinsdag mardi dienstag di
wednesday: woensdag mercredi mittwoch wo
thursday: donderdag jeudi donnerstag do
friday: vrijdag vendredi freitag vr
saturday: zaterdag samedi samstag sonnabend za weekend week_end wochenende
sunday: zondag dimanche sonntag zo
minute: minuut
minutes: minuten
hour: uur heure stunde
hours: uren heures stunden
day: dag jour tag daily
days: dagen jours tagen tage
weeks: weken semaines wochen
healthy: gezond goed sain gesund ok
stale: verouderd oud périmé veraltet alt
new: nieuw nouveau neu newcomer
active: actief actif aktiv
marketing: reclame publicité publicite werbung promotional
utility: dienst service transactional
"""


@cache
def _meanings() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _TABLE.strip().splitlines():
        english, _, others = line.partition(":")
        for word in others.split():
            found.setdefault(word.casefold(), []).append(english)
    return {word: tuple(meanings) for word, meanings in found.items()}


def in_english(word: str, allowed: Collection[str]) -> str:
    """The one of the allowed words that a foreign word, or that of another program, means; empty if it means none."""
    folded = word.casefold().strip("\"'\u201c\u201d\u201e\u00ab\u00bb ").replace("-", "_").replace(" ", "_")
    meanings = _meanings()
    near = [folded] if folded in meanings else filter(None, [meant_by(folded, meanings)])
    return next((each for found in near for each in meanings[found] if each in allowed), "")


WORDS: Final = frozenset(line.partition(":")[0] for line in _TABLE.strip().splitlines())
"""The words that foreign ones are known of."""
