"""German: settings, environment and files."""

TEXTS: dict[str, str] = {
    # --- environment
    "This environment variable is not set.": "Diese Umgebungsvariable ist nicht gesetzt.",
    "Set it to the SQLAlchemy URL of SelectLine's database, e.g. sqlite:///erp.db.": (
        "Setzen Sie sie auf die SQLAlchemy-URL der SelectLine-Datenbank, z. B. sqlite:///erp.db."
    ),
    "Set it to CloudKasse's address, e.g. https://api.example.org.": (
        "Setzen Sie sie auf die Adresse von CloudKasse, z. B. https://api.example.org."
    ),
    "Set it to the token that CloudKasse gave you.": "Setzen Sie sie auf den Token, den CloudKasse Ihnen gegeben hat.",
    "This is no address.": "Das ist keine Adresse.",
    "Write it like https://api.example.org, without user, query or token.": (
        "Schreiben Sie sie wie https://api.example.org, ohne Benutzer, Abfrage oder Token."
    ),
    "Over http:// token and receipts would go over the network readable.": (
        "Über http:// gingen Token und Bons lesbar über das Netz."
    ),
    "Write it with https://; only this computer itself (localhost) is spoken to without.": (
        "Schreiben Sie sie mit https://; nur dieser Rechner selbst (localhost) wird ohne angesprochen."
    ),
    "The token has a character that no token has.": "Der Token enthält ein Zeichen, das kein Token hat.",
    "Copy it again, without blanks or line ends.": "Kopieren Sie ihn noch einmal, ohne Leerzeichen und Zeilenenden.",
    "This is no database URL that is supported.": "Das ist keine unterstützte Datenbank-URL.",
    "It begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://.": (
        "Sie beginnt mit sqlite:///, postgresql+psycopg:// oder mssql+pyodbc://."
    ),
    "This URL names no file.": "Diese URL nennt keine Datei.",
    "Write it like sqlite:///erp.db, or sqlite:////srv/shop/erp.db for a whole path.": (
        "Schreiben Sie sie wie sqlite:///erp.db oder, mit ganzem Pfad, wie sqlite:////srv/shop/erp.db."
    ),
    "User or password has a character that a URL does not take as it is (@ or /).": (
        "Benutzer oder Passwort enthält ein Zeichen, das in einer URL so nicht stehen darf (@ oder /)."
    ),
    "Write @ as %40, / as %2F, : as %3A in it.": "Schreiben Sie darin @ als %40, / als %2F, : als %3A.",
    # --- why the operating system refuses a file
    "this user may not": "dieser Benutzer darf es nicht",
    "the folder does not exist": "der Ordner ist nicht vorhanden",
    "a part of the path is no folder": "ein Teil des Pfads ist kein Ordner",
    "it is a folder": "es ist ein Ordner",
    "the disk is read-only": "der Datenträger ist schreibgeschützt",
    "no room is left on the disk": "auf dem Datenträger ist kein Platz mehr",
    "the user's quota of the disk is used up": "das Kontingent des Benutzers auf dem Datenträger ist erschöpft",
    "the file may not grow any more": "die Datei darf nicht weiter wachsen",
    "the name is too long": "der Name ist zu lang",
    # --- the settings file
    "1 problem in the settings:": "1 Problem in den Einstellungen:",
    "{count} problems in the settings:": "{count} Probleme in den Einstellungen:",
    "There is no settings file.": "Es gibt keine Einstellungsdatei.",
    "Write one there, or name another in {variable}.": (
        "Legen Sie dort eine an, oder nennen Sie in {variable} eine andere."
    ),
    "This is no UTF-8.": "Das ist kein UTF-8.",
    "Save the file as UTF-8 text.": "Speichern Sie die Datei als UTF-8-Text.",
    "It cannot be read: {reason}.": "Sie ist nicht lesbar: {reason}.",
    "Let this user read the file, or name another in {variable}.": (
        "Geben Sie diesem Benutzer das Leserecht, oder nennen Sie in {variable} eine andere Datei."
    ),
    "The file is empty.": "Die Datei ist leer.",
    "Write the settings into it, or bring it back.": (
        "Schreiben Sie die Einstellungen hinein, oder stellen Sie die Datei wieder her."
    ),
    "The file must be a list of keys, like 'timezone: Europe/Berlin'.": (
        "Die Datei muss eine Liste von Schlüsseln sein, wie „timezone: Europe/Berlin“."
    ),
    "This cannot be read as YAML ({reason}).": "Das ist nicht als YAML lesbar ({reason}).",
    "Look at indentation (blanks, no tabs), colons, quotes and brackets here and in the lines before.": (
        "Prüfen Sie Einrückung (Leerzeichen, keine Tabulatoren), Doppelpunkte, Anführungszeichen und Klammern hier und "
        "in den Zeilen davor."
    ),
    "The file has more than {count} kB; settings never have.": (
        "Die Datei hat mehr als {count} kB; so groß sind Einstellungen nie."
    ),
    "Look whether this is the settings file.": "Prüfen Sie, ob das die Einstellungsdatei ist.",
    "What stands here contains itself by an alias (*).": "Was hier steht, enthält sich über einen Alias (*) selbst.",
    "This is nested deeper than {count} levels.": "Das ist tiefer als {count} Ebenen geschachtelt.",
    "With all its aliases (*), this comes to more than {count} values.": (
        "Mit allen Aliassen (*) ergibt das mehr als {count} Werte."
    ),
    "Write out what is meant.": "Schreiben Sie aus, was gemeint ist.",
    "A tag stands here ({tag}).": "Hier steht ein Tag ({tag}).",
    "A key that stands here is no text.": "Ein Schlüssel, der hier steht, ist kein Text.",
    "Write it in quotes.": "Schreiben Sie ihn in Anführungszeichen.",
    "The key '{key}' stands here a second time.": "Der Schlüssel „{key}“ steht hier ein zweites Mal.",
    "Keep one of them.": "Behalten Sie einen davon.",
    "{key}: It has a control character: '{value}'.": "{key}: Enthält ein Steuerzeichen: „{value}“.",
    "Remove it.": "Entfernen Sie es.",
    "{key}: '{value}' begins or ends with a blank.": "{key}: „{value}“ beginnt oder endet mit einem Leerzeichen.",
    "Remove the blanks.": "Entfernen Sie die Leerzeichen.",
    "{key}: An empty text stands here.": "{key}: Hier steht ein leerer Text.",
    "Write a value, or null.": "Schreiben Sie einen Wert oder null.",
    "'{value}' stands in this list a second time.": "„{value}“ steht in dieser Liste ein zweites Mal.",
    "Write all without a list to choose all; in a list it is a number like any other.": (
        "Schreiben Sie all ohne Liste, um alle zu wählen; in einer Liste ist es eine Nummer wie jede andere."
    ),
    "SelectLine does not tell '{group}' from '{other}'.": "SelectLine unterscheidet „{group}“ nicht von „{other}“.",
    "{key}: This key is missing.": "{key}: Dieser Schlüssel fehlt.",
    "Add it.": "Ergänzen Sie ihn.",
    "{names} (register {named})": "{names} (Kasse {named})",
    "{names} (entry {place})": "{names} (Eintrag {place})",
    # --- what a value must be; follows „nötig ist“
    "It must be {wanted}.": "Nötig ist: {wanted}.",
    "It is empty; it must be {wanted}.": "Es fehlt ein Wert. Nötig ist: {wanted}.",
    "'{value}' cannot be used; it must be {wanted}.": "„{value}“ ist nicht verwendbar. Nötig ist: {wanted}.",
    "one account": "ein Konto",
    'two accounts, like {{short: "2309", over: "2709"}}': ('zwei Konten, wie {{short: "2309", over: "2709"}}'),
    'accounts by name, like {{Rechnung: "1410"}}': 'Konten je Name, wie {{Rechnung: "1410"}}',
    "an account number of at most 15 letters and digits, in quotes": (
        "eine Kontonummer aus höchstens 15 Buchstaben und Ziffern, in Anführungszeichen"
    ),
    'a VAT rate with two decimals, in quotes, like "19.00"': (
        'ein Steuersatz mit zwei Nachkommastellen, in Anführungszeichen, wie "19.00"'
    ),
    "at most 31 small letters, digits and _, beginning with a letter": (
        "höchstens 31 Kleinbuchstaben, Ziffern und _, mit einem Buchstaben am Anfang"
    ),
    "an e-mail address": "eine E-Mail-Adresse",
    "an owner: team:accounting, or an e-mail address": (
        "ein Verantwortlicher: team:buchhaltung oder eine E-Mail-Adresse"
    ),
    "the name of a mail server": "der Name eines Mailservers",
    "an address like https://dagster.example.org": "eine Adresse wie https://dagster.example.org",
    "a time of the day, like 08:00": "eine Uhrzeit, wie 08:00",
    "a text": "ein Text",
    "a whole number": "eine ganze Zahl",
    "a number": "eine Zahl",
    "true or false": "true oder false",
    "a day, like 2026-01-31": "ein Tag, wie 2026-01-31",
    "the path of a file": "der Pfad einer Datei",
    "a list, like [a, b]": "eine Liste, wie [a, b]",
    "keys with values, like {{a: b}}": "Schlüssel mit Werten, wie {{a: b}}",
    "not empty": "mindestens ein Zeichen oder Eintrag",
    "at most {count} characters long": "höchstens {count} Zeichen",
    "at least": "mindestens",
    "above": "mehr als",
    "at most": "höchstens",
    "below": "weniger als",
    "another value": "ein anderer Wert",
    "one of {names}": "eines von {names}",
    "{one} or {other}": "{one} oder {other}",
    # --- names that are unknown
    "'{name}' is no {what}.": "„{name}“ ist {what}.",
    "'{name}' is no {what}; did you mean '{close}'?": "„{name}“ ist {what}; meinten Sie „{close}“?",
    "'{name}' is no {what}; there are: {known}.": "„{name}“ ist {what}; es gibt: {known}.",
    "key here": "hier kein Schlüssel",
    "tender": "keine Zahlart",
    "business case": "kein Geschäftsvorfall",
    # --- values that do not go together
    "A password would go over the network readable; set security to starttls or ssl.": (
        "Ein Passwort ginge lesbar über das Netz; stellen Sie security auf starttls oder ssl."
    ),
    "It opens at {opens} and closes at {closes}: closes must be later on the same day; for a shop that is open past "
    "midnight write 00:00 to 23:59.": (
        "Geöffnet wird um {opens}, geschlossen um {closes}: closes muss am selben Tag später liegen; für einen Laden, "
        "der über Mitternacht geöffnet ist, schreiben Sie 00:00 bis 23:59."
    ),
    "'{value}' is no time zone; write it like Europe/Berlin.": (
        "„{value}“ ist keine Zeitzone; schreiben Sie sie wie Europe/Berlin."
    ),
    "The number '{number}' is given to another register already.": (
        "Die Nummer „{number}“ hat schon eine andere Kasse."
    ),
    "'{group}' is no price group that price_groups names; add \"{group}\": {{basis: net}} or {{basis: gross}} to it.": (
        'Die Preisgruppe „{group}“ steht nicht unter price_groups; ergänzen Sie dort "{group}": {{basis: net}} oder '
        "{{basis: gross}}."
    ),
}
