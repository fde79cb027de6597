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
campaign: campagne kampagne aktion_gruppe
campaigns: campagnes kampagnen
budget: budjet begroting enveloppe bedrag_maximaal kostenlimit spending_limit cost_limit
when_spent: als_op wenn_verbraucht si_épuisé if_spent on_exhausted
amount: bedrag montant betrag sum
priority: prioriteit voorrang priorité priorite priorität prioritaet rang
tests: testen proeven essais prüfungen pruefungen test
any: een_van minstens_een un_de au_moins_un eines irgendein or
all: alle allemaal tous toutes und alles and
none: geen aucun aucune keine keiner not nor
purchase: aankoop koop achat kauf einkauf bought buy sale order
refunded: terugbetaald terugbetaling retour remboursement remboursé rembourse erstattet zurueckgegeben refund returned
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
stamps_expiring: stempels_vervallen stempels_verlopen tampons_expirent stempel_verfallen stempel_laufen_ab card_expires
expires: vervalt verloopt expirent verfällt verfaellt verfallen läuft_ab expiry expiration
run_out: laat_vervallen is_vervallen a_expiré ont_expiré ist_verfallen sind_verfallen ran_out stamps_run_out
warned: gewaarschuwd averti avertis gewarnt warning notice
expires_on: vervalt_op expire_le verfällt_am verfaellt_am
stamps: stempels stempel tampons tampon stamp
card: kaart stempelkaart carte karte stempelkarte
became_at_risk: dreigt_weg_te_blijven à_risque a_risque gefährdet gefaehrdet at_risk
lapsing: blijft_weg s_éloigne bleibt_weg bleibt_aus inactive dormant
lapsed: weggebleven perdu verloren ausgeblieben lost churned
won_back: teruggekomen terug revenu de_retour zurückgewonnen zurueckgewonnen zurück came_back returned_customer
campaign: campagne kampagne aktion_starten blast broadcast mailing
audience: doelgroep publiek public zielgruppe target_group
audiences: verzendlijsten ontvangers publics destinataires empfänger empfaenger recipients mailing_lists
send: stuur verstuur zend envoyer envoie envoyez senden sende schicken message sms mail notify_customer
by: via door par per_kanaal über ueber channel channels
give: geef geven donner donne geben gib gutschein bon voucher reward coupon cadeau beloning
valid_for: geldig geldigheid geldig_voor valable valable_pour gültig gueltig gültig_für valid expires validity
notify: meld waarschuw personeel_melden avertir prévenir notifier melden benachrichtigen alert notify_staff
staff: personeel medewerkers équipe personnel mitarbeiter belegschaft employees team
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
cool_down: afkoelperiode afkoeling afkoeltijd rustperiode wachttijd délai delai pause ruhezeit abkühlzeit cooldown
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
season: seizoen saison jahreszeit seasons trade branche
exchange: wisselkoers wisselkoersen change taux wechselkurs rates
region: land regio pays région land_code country
names: namen noms
purpose: doel but objectif zweck
categories: categorieën categorieen catégories kategorien
products: producten produits produkte
per: voor_elke pour_chaque für_jeden stamp_for
minimum_spend: minimumbedrag minimale_besteding achat_minimum mindestumsatz min_spend minimum_amount
levels: niveaus tussenbeloningen paliers niveaux stufen zwischenstufen steps
welcome: welkom welkomststempels bienvenue tampons_de_bienvenue willkommen begrüßung joining starter
double: dubbel dubbele_stempels doppelt doppelte_stempel double_tampons multiplier bonus_hours happy_hour
times: maal keer fois mal factor
usable_after: bruikbaar_na te_gebruiken_na utilisable_après nutzbar_nach einlösbar_nach pending valid_from
uses: aantal_keer keren utilisations fois verwendungen einlösungen times max_uses usage_limit
worth: korting kortingsbedrag remise réduction rabatt nachlass discount amount_off percent_off
codes: kortingscodes vouchercodes codes_promo code gutscheincodes rabattcodes own_codes
rest: restant restbedrag reste solde restbetrag remainder balance
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
quiet: rustig calme ruhig
stale: verouderd oud périmé veraltet alt
new: nieuw nouveau neu newcomer
active: actief actif aktiv
at_risk: dreigend risico en_danger gefährdet gefaehrdet
canary: kanarie proef essai probe
drop: laat_vallen weggooien abandonner jeter verwerfen fallen_lassen
birthday: verjaardag jarig anniversaire date_de_naissance geburtstag birthdate date_of_birth
anniversary: jubileum jaar_lid anniversaire_d_inscription jubiläum jubilaeum jahrestag member_since
event: gebeurtenis evenement événement evenement_propre ereignis
event_has: gebeurtenis_heeft événement_contient ereignis_hat
bought: gekocht kocht heeft_gekocht acheté a_acheté gekauft hat_gekauft has_bought
recommend: beveel_aan aanbevelen aanraden recommander conseiller empfehlen empfiehl suggest next_best_offer
instead: anders_dan in_plaats_daarvan à_défaut sinon_recommander stattdessen ersatzweise fallback
again_after: opnieuw_na weer_na de_nouveau_après encore_après erneut_nach wieder_nach repeat_after
referral: vrienden aanbreng parrainage freundschaftswerbung empfehlungsprogramm member_get_member
referred: vriend_gebracht aangebracht parrainé a_parrainé geworben freund_geworben friend_bought
referrals: aantal_vrienden gebrachte_vrienden filleuls parrainages geworbene_freunde friends_brought
friend: vriend vriendin ami amie filleul freund freundin
look: uiterlijk huisstijl apparence charte_graphique aussehen erscheinungsbild branding theme
colour: kleur couleur farbe color
logo: beeldmerk
stamp: stempel tampon stempelbild
privacy: privacyverklaring confidentialité datenschutz
joined: ingeschreven lid_geworden aangemeld inscrit s_est_inscrit angemeldet beigetreten registered member_joined
replied: geantwoord antwoord répondu reponse réponse geantwortet reply_received
answered: beantwoord vraag_beantwoord antwort question_répondue beantwortet frage_beantwortet feedback_given
feedback: beoordeling laatste_score note_donnée dernière_note bewertung letzte_bewertung feedback_score nps
ask: vraag stel_vraag demander poser poser_question fragen frage_stellen question survey
join: meedoen lid_worden adhérer rejoindre beitreten mitmachen signup
topics: onderwerpen thema_s sujets thèmes themen subjects
fills: vult vult_in remplit füllt füllt_aus sets stores_as
drawn: getrokken trekking loting_getrokken tiré_au_sort tirage_effectué gezogen ausgelost verlost raffled
draw: loting trekking tirage verlosung raffle lottery prize_draw
draws: lotingen trekkingen prijsvragen loterijen tirages concours verlosungen gewinnspiele raffles lotteries
enter_draw: doe_mee meedoen_aan_loting participer_au_tirage inscrire_au_tirage teilnehmen verlosung_teilnehmen join_draw
leave_draw: stap_uit_loting quitter_le_tirage verlosung_verlassen
has_entered: doet_mee neemt_deel participe a_participé nimmt_teil hat_teilgenommen in_draw
instant_win: direct_winnen meteen_winnen gain_immédiat gagner_tout_de_suite sofortgewinn spin_the_wheel scratch
entries: deelnames loten participations teilnahmen lose tickets chances
prizes: prijzen_te_winnen prijs lots preise_zu_gewinnen gewinne
opens: opent ouvre öffnet oeffnet
closes: sluit ferme schließt schliesst
odds: kans_op_winst probabilité gewinnchance winning_chance
stock: voorraad aantal_prijzen quantité vorrat
reserves: reservewinnaars suppléants ersatzgewinner runners_up
questions: vragen enquête sondage fragebogen umfrage surveys polls
reward_given: beloning_gekregen cadeau_gekregen récompense_reçue belohnung_erhalten gutschein_erhalten reward_received
reward_redeemed: beloning_ingewisseld bon_ingewisseld récompense_utilisée bon_utilisé gutschein_eingelöst redeemed
reward_expired: beloning_verlopen bon_verlopen récompense_expirée gutschein_abgelaufen voucher_expired
reward_expires_in: beloning_verloopt_over bon_verloopt récompense_expire_dans gutschein_läuft_ab expires_soon
every: elke iedere ieder chaque tous_les jede jeden jedes each recurring repeat
on: op le_jour am_tag op_datum on_date
entered: binnengekomen komt_in entré entre_dans eingetreten betritt enters joins_segment
left: verlaten uitgegaan quitté sorti verlassen ausgetreten leaves
not_seen_for: niet_gezien lang_niet_gezien pas_vu absent_depuis nicht_gesehen lange_nicht_gesehen away_for absent_for
spend_reached: besteding_bereikt bedrag_bereikt dépense_atteinte montant_atteint umsatz_erreicht spent_reached
tier_changed: niveau_veranderd changement_de_niveau niveau_changé stufe_geändert stufe_gewechselt level_changed
date: datum datums le_date
basket_total: mandbedrag bonbedrag totaalbedrag total_du_panier montant_du_panier warenkorbwert bonsumme cart_total
last_message: laatste_bericht dernier_message letzte_nachricht last_sent
has_reward: heeft_beloning heeft_bon a_une_récompense a_un_bon hat_gutschein hat_belohnung has_voucher
tier: niveau rang_client palier stufe kundenstufe level rank
tiers: niveaus niveaux paliers stufen levels
levels: trappen échelons rangs_possibles stufennamen
last_visit: laatste_bezoek dernière_visite letzter_besuch last_purchase last_seen_at
age: leeftijd âge alter years_old
source: herkomst bron provenance origine herkunft quelle origin channel_of_origin
consent: toestemming akkoord consentement accord einwilligung zustimmung permission opt_in
percent: procent percentage pourcentage pour_cent prozent sample_of
segment: doelgroep klantgroep groupe_de_clients zielgruppe kundengruppe segmentation
segments: doelgroepen segmenten groupes_de_clients zielgruppen segmente groups
events: gebeurtenissen événements ereignisse
fields: velden champs felder
watch: volgen in_de_gaten_houden surveiller suivre beobachten track
measure: meten mesure mesurer messen messung
window: venster meetperiode fenêtre période_de_mesure fenster messfenster
launch: lancering lanceren lancement lancer start_campagne einführung starten rollout
add_stamps: stempels_toevoegen stempel_erbij geef_stempels ajouter_tampons donner_tampons stempel_hinzufügen give_stamps
take_stamps: stempels_afnemen enlever_tampons stempel_abziehen remove_stamps
after: na later après apres plus_tard nach später spaeter delay wait_for
unless: tenzij behalve_als sauf_si à_moins_que es_sei_denn außer_wenn ausser_wenn except_if
otherwise: anders in_het_andere_geval sinon autrement sonst andernfalls else
earned: verdiend mérité gagné verdient deserved
offered: aangeboden offert proposé angeboten
starts: begint vanaf start_op begin commence début debut à_partir_du beginnt startet starts_at start_date valid_from
ends: eindigt einde tot_en_met finit fin jusqu_au endet ende ends_at end_date valid_until
undo_window: bedenktijd terugdraaitijd délai_d_annulation bedenkzeit rücknahmefrist undo
value: opbrengst verwachte_waarde rapport_attendu ertrag erwarteter_wert worth
spread: spreiden gespreid étaler réparti verteilen verteilt staggered
each: telkens
downgrade: degraderen verlagen rétrograder déclasser herabstufen
grace: respijt uitstel grâce délai_de_grâce kulanz schonfrist karenz
count_history: geschiedenis_meetellen compter_le_passé vergangenheit_zählen
refund: terugbetaling remboursement erstattung rückgabe
pass: verstrijken verloop_van_tijd passer vergehen elapse
join: inschrijven aanmelden s_inscrire inscription anmelden beitreten sign_up
reply: antwoorden répondre antworten answer
redeem: inwisselen verzilveren utiliser_bon encaisser einlösen einloesen use_voucher
held_out: controlegroep_klant in_controlegroep en_groupe_témoin in_kontrollgruppe
at: om à um at_time
untag: label_weghalen enlever_étiquette etikett_entfernen
variant: variante versie version fassung ab_test
withheld: tegengehouden ingehouden retenu zurückgehalten held_back suppressed not_sent
because: omdat want parce_que car weil denn why reason
with: met samen_met avec mit zusammen_mit together
no_consent: geen_toestemming pas_d_accord keine_einwilligung
opted_out: afgemeld uitgeschreven désinscrit desinscrit abgemeldet unsubscribed stopped
holdout: controlegroep_reden
late: te_laat trop_tard zu_spät
occasion: gelegenheid occasion_unique gelegenheid_keer anlass
plain: gewoon simple_lettres einfach
keep_names: namen_behouden garder_les_noms namen_behalten
keep: behouden garder behalten
send_again: opnieuw_sturen renvoyer nochmal_senden erneut_senden
never: nooit jamais nie niemals
historic: historisch historique historisch_wert
simple: eenvoudig simple_calcul einfach_gerechnet
predicted: voorspeld prévu prédit vorhergesagt forecast
net: netto na_kosten net_de_coûts netto_wert after_costs
freshness: versheid actualiteit fraîcheur frische aktualität
purchases: aankopen achats einkäufe käufe verkopen
neighbours: buurlanden buren pays_voisins voisins nachbarländer nachbarn neighbors
nobodys_phones: eigen_nummers numéros_de_personne nos_numéros niemands_nummern eigene_nummern shop_phones
per_day: per_dag par_jour pro_tag daily
lapse: wegblijven afhaken décrochage ausbleiben wegbleiben
set_tier: niveau_geven niveau_instellen donner_niveau fixer_palier stufe_setzen stufe_geben give_tier promote
to: naar aan_wie vers pour_qui zu an_wen
take_tier: niveau_afnemen enlever_niveau stufe_nehmen remove_tier
notify: waarschuw meld_personeel avertir prévenir benachrichtigen melden alert
budget: begroting enveloppe geldbudget maximum_cost spend_limit
campaign: campagne kampagne aktionsgruppe
campaigns: campagnes kampagnen
staff: personeel medewerkers personnel équipe mitarbeiter team
alerts: waarschuwingen meldingen alertes avertissements warnungen meldungen notices
rule_paused: regel_gepauzeerd règle_en_pause regel_pausiert rule_stopped
budget_spent: budget_op budget_épuisé budget_verbraucht
feed_stale: kassa_stil caisse_muette kasse_still feed_broken
connection_fails: koppeling_stuk connexion_en_panne anbindung_gestört till_fails
feed_down: feed_gestopt envoi_interrompu feed_gestoppt feed_stopped
codes_low: codes_bijna_op codes_épuisés codes_knapp few_codes
segment_fell: segment_gedaald segment_en_baisse segment_gefallen
audience: publiek lijst public liste empfänger recipients
audiences: publieken lijsten publics listes empfängerlisten
valid_until: geldig_tot valable_jusqu_au gültig_bis gueltig_bis
first_name: voornaam prénom prenom vorname
missing: ontbreekt nog_te_gaan manquants fehlend
size: grootte taille größe groesse
code: kode
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
