"""German: alerts."""

TEXTS: dict[str, str] = {
    # --- the mail server
    "Correct alerts.email in the settings, or look whether the mail server is up.": (
        "Berichtigen Sie alerts.email in den Einstellungen, oder prüfen Sie, ob der Mailserver läuft."
    ),
    "Correct alerts.email.user in the settings and CLOUDKASSE_SMTP_PASSWORD.": (
        "Berichtigen Sie alerts.email.user in den Einstellungen und CLOUDKASSE_SMTP_PASSWORD."
    ),
    "alerts.email.ca_bundle: {file} holds no certificates that can be read.": (
        "alerts.email.ca_bundle: {file} enthält keine lesbaren Zertifikate."
    ),
    "The mail server {place} refuses the login ({code}).": "Der Mailserver {place} weist die Anmeldung ab ({code}).",
    "The mail server {place} does not offer what the settings ask of it (security: {security}).": (
        "Der Mailserver {place} bietet nicht, was die Einstellungen von ihm verlangen (security: {security})."
    ),
    "Correct alerts.email.security or alerts.email.user in the settings.": (
        "Berichtigen Sie alerts.email.security oder alerts.email.user in den Einstellungen."
    ),
    "The mail server {place} takes mail for none of the recipients.": (
        "Der Mailserver {place} nimmt für keinen der Empfänger Post an."
    ),
    "Correct alerts.email.recipients.": "Berichtigen Sie alerts.email.recipients.",
    "The mail server {place} refuses the sender {sender} ({code}).": (
        "Der Mailserver {place} weist den Absender {sender} ab ({code})."
    ),
    "Correct alerts.email.sender, or name a user that may send so.": (
        "Berichtigen Sie alerts.email.sender, oder nennen Sie einen Benutzer, der so senden darf."
    ),
    "The mail server {place} refuses ({code}).": "Der Mailserver {place} lehnt ab ({code}).",
    "The mail server {place} does not speak as it should ({kind}).": (
        "Der Mailserver {place} hält sich nicht an das Protokoll ({kind})."
    ),
    "The mail server {place} has a certificate that is not trusted: {reason}.": (
        "Dem Zertifikat des Mailservers {place} wird nicht vertraut: {reason}."
    ),
    "Name your own authority's certificate in alerts.email.ca_bundle.": (
        "Nennen Sie in alerts.email.ca_bundle das Zertifikat Ihrer eigenen Zertifizierungsstelle."
    ),
    "The mail server {place} cannot be reached: {reason}.": "Der Mailserver {place} ist nicht erreichbar: {reason}.",
    "The mail server {place} does not answer within {seconds:g} s.": (
        "Der Mailserver {place} antwortet nicht innerhalb von {seconds:g} s."
    ),
    "There is no password for the mail server's user '{user}'.": (
        "Für den Benutzer „{user}“ des Mailservers gibt es kein Passwort."
    ),
    "Set CLOUDKASSE_SMTP_PASSWORD, or remove alerts.email.user from the settings.": (
        "Setzen Sie CLOUDKASSE_SMTP_PASSWORD, oder entfernen Sie alerts.email.user aus den Einstellungen."
    ),
    # --- the webhook
    "Correct CLOUDKASSE_ALERT_WEBHOOK_URL, or look whether the receiver is up.": (
        "Berichtigen Sie CLOUDKASSE_ALERT_WEBHOOK_URL, oder prüfen Sie, ob der Empfänger läuft."
    ),
    "CLOUDKASSE_ALERT_WEBHOOK_URL holds no address.": "CLOUDKASSE_ALERT_WEBHOOK_URL enthält keine Adresse.",
    "Set it to the whole address that Teams or Slack gave you; it begins with https://.": (
        "Setzen Sie es auf die ganze Adresse, die Sie von Teams oder Slack haben; sie beginnt mit https://."
    ),
    "The webhook at {host} answers with status {status}.": "Der Webhook bei {host} antwortet mit Status {status}.",
    "The certificate of the webhook at {host} is not trusted.": (
        "Dem Zertifikat des Webhooks bei {host} wird nicht vertraut."
    ),
    "The webhook at {host} does not answer within {seconds:g} s.": (
        "Der Webhook bei {host} antwortet nicht innerhalb von {seconds:g} s."
    ),
    "The webhook at {host} cannot be reached ({kind}).": "Der Webhook bei {host} ist nicht erreichbar ({kind}).",
    "alerts.webhook is set, but the webhook's address is not known.": (
        "alerts.webhook ist gesetzt, aber die Adresse des Webhooks ist nicht bekannt."
    ),
    "Set CLOUDKASSE_ALERT_WEBHOOK_URL; it holds a secret, and so does not stand in the settings.": (
        "Setzen Sie CLOUDKASSE_ALERT_WEBHOOK_URL; es enthält ein Geheimnis und steht deshalb nicht in den "
        "Einstellungen."
    ),
    # --- what the sensor tells of its looks
    "The settings name nobody to be told (alerts).": "Die Einstellungen nennen keinen Empfänger (alerts).",
    "No run has ended since the last look.": "Seit dem letzten Blick ist kein Lauf zu Ende gegangen.",
    "A run is going on; this waits for its end.": "Ein Lauf ist im Gange; sein Ende wird abgewartet.",
    "Tried again at the next look: {problems}": "Neuer Versuch beim nächsten Blick: {problems}",
    "New causes told: {told}.": "Neue Ursachen gemeldet: {told}.",
    "Nothing that is not known already.": "Nichts, was nicht schon bekannt ist.",
}
