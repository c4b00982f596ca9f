"""The few words that a mail says besides the report's own, by language."""

WORDS = {
    "es": {
        "corrected": "corregido, edición {n}",
        "changed": "Qué cambió desde el correo anterior",
        "attached": "El reporte completo va adjunto en PDF.",
        "why": (
            "Recibe este correo porque su dirección está en la configuración de los reportes de"
            " ventas."
        ),
        "kept": "También está en {uri}.",
        "more": "… y {n} más, en el PDF.",
    },
    "en": {
        "corrected": "corrected, edition {n}",
        "changed": "What changed since the mail before",
        "attached": "The whole report is attached as PDF.",
        "why": "You get this mail because your address is in the settings of the sales reports.",
        "kept": "It is also at {uri}.",
        "more": "… and {n} more, in the PDF.",
    },
}


def words_of(language: str) -> dict[str, str]:
    """The words for a language tag such as es-MX; English where there are none."""
    return WORDS.get(language.partition("-")[0], WORDS["en"])
