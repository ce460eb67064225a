"""German: CloudKasse."""

TEXTS: dict[str, str] = {
    # --- there was no answer
    "Look at this machine's network, then start again; nothing is lost.": (
        "Prüfen Sie das Netz dieses Rechners, und starten Sie erneut; es ist nichts verloren."
    ),
    "{fault}.": "{fault}.",
    "The TLS certificate of {host} is not trusted: {reason}": (
        "Dem TLS-Zertifikat von {host} wird nicht vertraut: {reason}"
    ),
    "Have CloudKasse's certificate looked at, or name your own authority's in the settings: api.ca_bundle.": (
        "Lassen Sie das Zertifikat von CloudKasse prüfen, oder nennen Sie das Ihrer eigenen Zertifizierungsstelle in "
        "den Einstellungen: api.ca_bundle."
    ),
    "The proxy on the way to {host} cannot be reached, or does not let this through": (
        "Der Proxy auf dem Weg zu {host} ist nicht erreichbar oder lässt dies nicht durch"
    ),
    "Look at HTTPS_PROXY and NO_PROXY in the environment.": "Prüfen Sie HTTPS_PROXY und NO_PROXY in der Umgebung.",
    "The name {host} cannot be resolved": "Der Name {host} lässt sich nicht auflösen",
    "Look at this machine's network and DNS, and whether CLOUDKASSE_API_URL is right.": (
        "Prüfen Sie Netz und DNS dieses Rechners, und ob CLOUDKASSE_API_URL stimmt."
    ),
    "The connection to {host} was refused": "Die Verbindung zu {host} wurde abgelehnt",
    "CloudKasse may be down, or CLOUDKASSE_API_URL names the wrong port.": (
        "Vielleicht ist CloudKasse außer Betrieb, oder CLOUDKASSE_API_URL nennt den falschen Port."
    ),
    "There is no way to {host}": "Es gibt keinen Weg zu {host}",
    "{host} did not take the connection in {seconds} s: timed out": (
        "{host} hat die Verbindung nicht in {seconds} s angenommen: Zeitüberschreitung"
    ),
    "CloudKasse ({host}) was silent for {seconds} s: timed out": (
        "CloudKasse ({host}) hat {seconds} s lang geschwiegen: Zeitüberschreitung"
    ),
    "No TLS connection to {host} could be made or kept": (
        "Zu {host} kam keine TLS-Verbindung zustande, oder sie brach ab"
    ),
    "CLOUDKASSE_API_URL may name a port that does not speak HTTPS, or something in between disturbs it.": (
        "Vielleicht nennt CLOUDKASSE_API_URL einen Port, der kein HTTPS spricht, oder etwas dazwischen stört."
    ),
    "An answer of CloudKasse ({host}) cannot be decompressed": (
        "Eine Antwort von CloudKasse ({host}) lässt sich nicht entpacken"
    ),
    "The connection to CloudKasse ({host}) broke off before the answer was complete": (
        "Die Verbindung zu CloudKasse ({host}) brach ab, bevor die Antwort vollständig war"
    ),
    "{text} (1 attempt in {seconds} s).": "{text} (1 Versuch in {seconds} s).",
    "{text} ({tries} attempts in {seconds} s).": "{text} ({tries} Versuche in {seconds} s).",
    "{text} It wants to be asked again at {until} UTC, not before.": (
        "{text} Erneute Anfragen sind erst ab {until} UTC erwünscht."
    ),
    "Start again then.": "Starten Sie dann erneut.",
    "Stopped before CloudKasse had answered.": "Angehalten, bevor CloudKasse geantwortet hatte.",
    "Start again; nothing is lost.": "Starten Sie erneut; es ist nichts verloren.",
    "CloudKasse ({host}) answers too slowly: timed out": "CloudKasse ({host}) antwortet zu langsam: Zeitüberschreitung",
    # --- an answer that says no
    "CloudKasse ({host}) redirects to {target} ({status}), which is not followed.": (
        "CloudKasse ({host}) leitet um nach {target} ({status}); dem wird nicht gefolgt."
    ),
    "Set CLOUDKASSE_API_URL to CloudKasse's own address.": (
        "Setzen Sie CLOUDKASSE_API_URL auf die eigene Adresse von CloudKasse."
    ),
    "CloudKasse ({host}) answers {status} to {request}": "CloudKasse ({host}) antwortet {status} auf {request}",
    "Nothing is wrong on this side; start again later.": (
        "Auf dieser Seite ist alles in Ordnung; starten Sie später erneut."
    ),
    "CloudKasse does not accept the token (401).": "CloudKasse nimmt den Token nicht an (401).",
    "Set CLOUDKASSE_API_TOKEN to a token that is valid for this company.": (
        "Setzen Sie CLOUDKASSE_API_TOKEN auf einen Token, der für dieses Unternehmen gilt."
    ),
    "The token may not do this in CloudKasse: {request} (403).": (
        "Der Token darf dies in CloudKasse nicht: {request} (403)."
    ),
    "Give it the right in CloudKasse, or set CLOUDKASSE_API_TOKEN to another.": (
        "Geben Sie ihm in CloudKasse das Recht, oder setzen Sie CLOUDKASSE_API_TOKEN auf einen anderen."
    ),
    "There is no {request} at {host} (404).": "{request} gibt es bei {host} nicht (404).",
    "CLOUDKASSE_API_URL may be wrong: it ends before /v1.": (
        "Vielleicht stimmt CLOUDKASSE_API_URL nicht: Sie endet vor /v1."
    ),
    "The proxy on the way to CloudKasse wants a login (407).": (
        "Der Proxy auf dem Weg zu CloudKasse verlangt eine Anmeldung (407)."
    ),
    "Set it in the environment: HTTPS_PROXY.": "Setzen Sie sie in der Umgebung: HTTPS_PROXY.",
    "CloudKasse ({host}) refuses {request} ({status}).": "CloudKasse ({host}) lehnt {request} ab ({status}).",
    "Look for a newer release of this program, or report it to CloudKasse.": (
        "Suchen Sie nach einer neueren Fassung dieses Programms, oder melden Sie es CloudKasse."
    ),
    # --- an answer that cannot be used
    "An answer of CloudKasse ({host}) is larger than {limit} MiB.": (
        "Eine Antwort von CloudKasse ({host}) ist größer als {limit} MiB."
    ),
    "Nothing that large is part of the contract; report it to CloudKasse.": (
        "So Großes sieht die Schnittstelle nicht vor; melden Sie es CloudKasse."
    ),
    "What {host} answers is not CloudKasse's JSON": "Was {host} antwortet, ist nicht das JSON von CloudKasse",
    "CLOUDKASSE_API_URL may name something else, or a proxy or login page stands in between.": (
        "Vielleicht nennt CLOUDKASSE_API_URL etwas anderes, oder ein Proxy oder eine Anmeldeseite steht dazwischen."
    ),
    # --- address, token, company, clock
    "CloudKasse's address, or that of the proxy, cannot be used.": (
        "Die Adresse von CloudKasse oder die des Proxys ist nicht verwendbar."
    ),
    "Correct CLOUDKASSE_API_URL, or the proxy in the environment.": (
        "Berichtigen Sie CLOUDKASSE_API_URL oder den Proxy in der Umgebung."
    ),
    "Set CLOUDKASSE_API_TOKEN again, without blanks.": "Setzen Sie CLOUDKASSE_API_TOKEN erneut, ohne Leerzeichen.",
    "api.ca_bundle: {file} holds no certificates that can be read.": (
        "api.ca_bundle: {file} enthält keine lesbaren Zertifikate."
    ),
    "Name a PEM file that this user can read.": "Nennen Sie eine PEM-Datei, die dieser Benutzer lesen darf.",
    "The token belongs to company '{theirs}', the settings to '{ours}'.": (
        "Der Token gehört zum Unternehmen „{theirs}“, die Einstellungen zu „{ours}“."
    ),
    "CloudKasse's token belongs to company '{theirs}', the settings to '{ours}'.": (
        "Der Token von CloudKasse gehört zum Unternehmen „{theirs}“, die Einstellungen zu „{ours}“."
    ),
    "Correct company.number in the settings, or CLOUDKASSE_API_TOKEN.": (
        "Berichtigen Sie company.number in den Einstellungen oder CLOUDKASSE_API_TOKEN."
    ),
    "clock": "Uhr",
    "This machine's clock is {seconds:,.0f} seconds behind CloudKasse's.": (
        "Die Uhr dieses Rechners geht {seconds:,.0f} Sekunden nach (gegenüber CloudKasse)."
    ),
    "This machine's clock is {seconds:,.0f} seconds ahead of CloudKasse's.": (
        "Die Uhr dieses Rechners geht {seconds:,.0f} Sekunden vor (gegenüber CloudKasse)."
    ),
    "Set the clock, or let the system set it from a time server.": (
        "Stellen Sie die Uhr, oder lassen Sie sie von einem Zeitserver stellen."
    ),
    # --- an answer that breaks the contract
    "CloudKasse's status is not as the contract says: '{name}' is missing or wrong.": (
        "Der Status von CloudKasse entspricht nicht der Schnittstelle: „{name}“ fehlt oder ist falsch."
    ),
    "CLOUDKASSE_API_URL may name something else; if it does not, report it to CloudKasse.": (
        "Vielleicht nennt CLOUDKASSE_API_URL etwas anderes; wenn nicht, melden Sie es CloudKasse."
    ),
    "CloudKasse speaks version {version} of its API; this program speaks version 1.": (
        "CloudKasse spricht Version {version} seiner Schnittstelle; dieses Programm spricht Version 1."
    ),
    "Install a newer release of this program.": "Installieren Sie eine neuere Fassung dieses Programms.",
    "A page of {path} is not as the contract says.": "Eine Seite von {path} entspricht nicht der Schnittstelle.",
    "The pages of {path} go round in a circle.": "Die Seiten von {path} führen im Kreis.",
    "The pages of {path} do not come to an end.": "Die Seiten von {path} nehmen kein Ende.",
    "Report it to CloudKasse; nothing of it was taken over.": (
        "Melden Sie es CloudKasse; es wurde nichts davon übernommen."
    ),
    "CloudKasse no longer knows the position in {stream} that was stored (410).": (
        "CloudKasse kennt die gespeicherte Stelle in {stream} nicht mehr (410)."
    ),
    "Fetch from the beginning; what is known already is not taken twice.": (
        "Holen Sie von vorn ab; was schon bekannt ist, wird nicht doppelt übernommen."
    ),
    "CloudKasse's answer to POST {path} has no list of results.": (
        "Die Antwort von CloudKasse auf POST {path} enthält keine Liste der Ergebnisse."
    ),
    "Report it to CloudKasse.": "Melden Sie es CloudKasse.",
    "CloudKasse's list of {entity} has a record whose {field} is '{value}'.": (
        "In der Liste {entity} von CloudKasse steht ein Datensatz, dessen {field} '{value}' ist."
    ),
    "CloudKasse's list of {entity} has a record without {field}.": (
        "In der Liste {entity} von CloudKasse steht ein Datensatz ohne {field}."
    ),
    "Report it to CloudKasse; nothing was compared.": "Melden Sie es CloudKasse; es wurde nichts verglichen.",
}
