# ruff: noqa: RUF001 - people write such letters
"""300 texts that people write to a shop, in nl, fr, de and en, and what each means; half of them are near misses.

The shop has the topics `news` and `workshops` and the codes `korenmarkt` and `brood1`. What means nothing to the house
is `none`: it may still be an answer to a question, and is kept for a person to read.
"""

from typing import Final

TEXTS: Final = {
    "stop": """
        STOP
        stop aub
        Stop!!!
        🛑 stop
        S T O P
        afmelden
        Ik wil me afmelden
        Ik wil me uitschrijven graag
        meld me af
        schrijf me uit
        stuur me geen berichten meer
        geen reclame aub
        laat me met rust
        verwijder mijn nummer
        stop met appen
        Kunt u mij uitschrijven?
        stop alles
        STOP ALLE BERICHTEN
        stop brood
        arrêt
        arrête de m'écrire
        Arrêtez svp
        arrêtez de m'envoyer des messages
        désabonner
        Je veux me désinscrire
        désinscrivez-moi
        ne m'écrivez plus
        plus de messages svp
        laissez-moi tranquille
        supprimez mon numéro
        stop pub
        stop tout
        résilier
        Stopp
        abmelden bitte
        Ich möchte mich abmelden
        keine Nachrichten mehr bitte
        bitte keine Werbung mehr
        melden Sie mich ab
        lassen Sie mich in Ruhe
        löschen Sie meine Nummer
        hören Sie auf
        kündigen
        unsubscribe
        please stop
        stop texting me
        STOP please don't text me
        remove me from your list
        leave me alone
        no more texts please
        don't contact me
        opt out
        cancel
        END
        quit
        stopall
        I want to unsubscribe
        stop it
        stop\\n-- \\nverstuurd vanaf mijn telefoon
        ＳＴＯＰ
        """,
    "leave news": """
        STOP NIEUWS
        stop nieuws
        Stop nieuws aub
        stop met nieuws
        stop met de nieuwsbrief
        STOP-NIEUWS
        afmelden nieuwsbrief
        Ik wil me afmelden voor de nieuwsbrief
        schrijf me uit voor nieuws
        geen nieuws meer aub
        ik wil geen nieuwsbrief meer
        stop actus
        arrêtez les actus svp
        désabonnez-moi des actus
        plus d'actus svp merci
        stop neuigkeiten
        keine Neuigkeiten mehr bitte
        bitte melden Sie mich von den Neuigkeiten ab
        STOP NEWS
        stop sending me news
        unsubscribe from the news
        no more news please
        remove me from the news list
        Stop news\\n\\nSent from my phone
        """,
    "leave workshops": """
        STOP WORKSHOPS
        stop workshop
        geen berichten meer over workshops
        stop ateliers
        plus de messages sur les ateliers
        stop kurse
        keine Kurse mehr bitte
        please stop the workshops messages
        """,
    "leave news workshops": """
        stop nieuws en workshops
        stop news and workshops please
        """,
    "start": """
        START
        unstop
        aanmelden
        Reprendre
        anmelden
        """,
    "return news": """
        START NIEUWS
        start nieuwsbrief
        Start nieuws aub
        reprendre actus
        start neuigkeiten
        START NEWS
        unstop news
        """,
    "return workshops": """
        START WORKSHOPS
        start ateliers svp
        start kurse bitte
        """,
    "card": """
        KAART
        kaart
        mijn kaart aub
        stempelkaart
        CARTE
        ma carte svp
        Karte
        meine Karte bitte
        CARD
        my card please
        """,
    "help": """
        HELP
        info
        hulp?
        aide
        Hilfe!
        """,
    "join korenmarkt": """
        JOIN KORENMARKT
        join korenmarkt
        Join Korenmarkt!
        JOIN-KORENMARKT
        JOIN: korenmarkt
        join koren-markt
        join korenmarkt aub
        meedoen korenmarkt
        rejoindre korenmarkt svp
        mitmachen korenmarkt bitte
        ＪＯＩＮ korenmarkt
        JOIN KORENMARKT 🙂
        Join korenmarkt?
        """,
    "join brood1": """
        JOIN BROOD1
        join Brood1.
        """,
    "join bread": """
        JOIN BREAD
        """,
    "join": """
        JOIN
        join!
        """,
    "none": """
        non-stop
        nonstop lekker
        bus stop
        stop by the shop?
        stop by tomorrow?
        Kan ik stoppen bij de winkel?
        kan ik stoppen bij jullie voor de deur
        waar is de bushalte
        Ik stop niet met jullie brood eten
        Ik stop niet met nieuws lezen
        Wanneer kan ik stoppen met sparen voor brood?
        stoplicht staat op rood
        ik wil me niet afmelden
        ik wil me niet afmelden voor de nieuwsbrief
        mijn afspraak afmelden van morgen, ik kom donderdag
        kunt u mijn afspraak afmelden
        tot het einde
        hoe laat houden jullie op?
        verwijder de noten uit mijn bestelling
        geen brood meer?
        geen krentenbollen meer vandaag?
        is er nog nieuws?
        wat een leuk nieuws
        goed nieuws
        ik heb jullie nieuwsbrief gelezen
        wanneer zijn de workshops?
        is de workshop vol?
        aanmelden voor de workshop
        aanmelden voor de nieuwsbrief graag
        ik wil me inschrijven voor de workshop
        start de workshop om tien uur?
        wanneer start de workshop
        start maar vast zonder mij
        de workshop stopt om vijf uur
        hoe laat stopt de workshop
        meer nieuws graag
        stuur mij het nieuws
        stuur me meer berichten
        kaart kwijt
        ik ben mijn kaart kwijt
        menukaart
        kan ik met de kaart betalen?
        is de kaart veranderd
        hebben jullie een cadeaukaart
        postkaarten
        ik heb hulp nodig bij het bestellen van een taart
        meer informatie over brood graag en hoe laat open
        ja
        nee
        bedankt!
        8
        een 9!
        ik doe mee
        kan ik meedoen?
        meedoen met de workshop
        ik doe morgen mee korenmarkt
        tot op de Korenmarkt
        korenmarkt
        Je n'arrête pas de manger votre pain
        l'arrêt de bus est devant chez vous
        vous êtes ouverts à l'arrêt Louise?
        non stop délicieux
        je ne veux pas me désabonner
        il n'y a plus de pain?
        plus de pain pour samedi?
        à quelle heure arrêtez-vous de servir le déjeuner
        où est l'atelier?
        quand commence l'atelier
        je voudrais reprendre un café demain
        reprendre demain
        avez-vous des actus?
        la carte du restaurant
        carte bancaire
        carte cadeau pour ma mère
        je cherche de l'aide pour ma commande de samedi
        merci beaucoup
        oui
        non
        je voudrais rejoindre l'atelier
        rejoindre mes amis chez vous
        rejoindre la file
        endlich
        ohne Stopp durch die Stadt
        Wo ist die Bushaltestelle?
        ich will mich nicht abmelden
        ich melde mich morgen
        ich kann nicht aufhören zu essen
        Mein Kind kann nicht stoppen zu essen
        Gibt es keine Brötchen mehr?
        Haben Sie morgen nicht offen?
        gibt es Neuigkeiten?
        gute Neuigkeiten!
        wann beginnen die Kurse
        anmelden zum Kurs
        anmelden für Kurse am Montag
        Speisekarte
        Postkarte
        kann ich mit Karte zahlen
        Landkarte von Gent
        können Sie mir helfen
        danke
        ja gerne
        mitmachen beim Kurs morgen
        ich will mitmachen
        wie kann ich mitmachen
        please don't stop
        I can't stop eating your bread
        where is the nearest stop
        stop in later?
        unstoppable
        what time do you stop serving lunch
        we stopped at your shop
        cancel my order
        cancel the workshop for me on monday please I am ill
        end of the week
        the end is near
        quit smoking today
        no thanks
        not today
        don't forget my order
        no more bread?
        is there no more coffee
        good news
        any news about my order?
        no news is good news
        what's new
        the news was great
        I read it in the news
        when is the workshop
        is the workshop stop 5 or 6
        start of the season menu?
        can I start?
        when does the workshop start
        business card
        do you take cards
        card reader broken
        gift card balance for my sister please
        I need somebody to help me with an order
        join us
        join us for coffee?
        join the club
        can I join korenmarkt later today with a friend
        I would like to join
        joining tomorrow
        where do I join?
        join tomorrow?
        yes
        y
        ok
        I would like to receive messages
        🎉
        ❤️❤️❤️
        ...
        ?
        שלום
        مرحبا
        0612345678
        3 mei
        """,
}


def labelled() -> list[tuple[str, str]]:
    """(text, what it means)."""
    return [
        (line.strip().replace("\\n", "\n"), meaning)
        for meaning, lines in TEXTS.items()
        for line in lines.strip().splitlines()
    ]
