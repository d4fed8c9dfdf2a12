"""The check of answers in other languages: decimal commas, other marks between thousands, other digits, units and number words;
right claims pass, planted wrong figures and names are caught. By rules of this file alone."""
import json
import random

import pytest
from test_claims import is_near, names, numbers, rounded

pytestmark = pytest.mark.timeout(120)

ARABIC, FULL, HINDI, THAI = "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙"
WORDS = {"de": "- - zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split(),
         "fr": "- - deux trois quatre cinq - - huit neuf dix - douze".split()}
UNITS = {
    "de": {1: ["ns", "Nanosekunden"], 1e3: ["µs", "Mikrosekunden"], 1e6: ["ms", "Millisekunden"]},
    "fr": {1: ["ns", "nanosecondes"], 1e3: ["µs", "microsecondes"], 1e6: ["ms", "millisecondes"]},
    "ja": {1: ["ns", "ナノ秒"], 1e3: ["µs", "マイクロ秒"], 1e6: ["ms", "ミリ秒"]},
    "ar": {1: ["ns"], 1e3: ["µs"], 1e6: ["ms"]}, "hi": {1: ["ns"], 1e3: ["µs"], 1e6: ["ms"]}, "th": {1: ["ns"], 1e3: ["µs"], 1e6: ["ms"]},
}
FRAMES = {
    "de": ["Sie wurde {} gesehen.", "Gemessen wurden {}, mehr sagt der Fakt nicht.", "Es sind {} – so die Aufzeichnung.", "„{}“ ist der Wert."],
    "fr": ["On a mesuré {}.", "Il s’agit de {} ; voir les faits.", "La valeur est « {} ».", "Elle compte {} au total."],
    "ja": ["記録では{}です。", "値は{}、以上です。", "「{}」と記録された。", "約{}となっています。"],
    "ar": ["القيمة {} هنا.", "سُجِّل {} فقط."], "hi": ["मान {} है।", "यहाँ {} दर्ज है।"], "th": ["ค่า {} ครับ", "บันทึกไว้ {} เท่านั้น"],
}
NAMED = {"de": ["`{}` ist beteiligt.", "Aufgerufen von `{}()`."], "fr": ["`{}` est en cause.", "L’appelant est `{}`."], "ja": ["`{}`が関係しています。", "呼び出し元は`{}`です。"],
         "ar": ["الدالة `{}` معنية."], "hi": ["`{}` शामिल है।"], "th": ["เกี่ยวกับ `{}`"]}
COUNTED = {"de": [" Aufrufe", "-mal", " Mal", ""], "fr": [" appels", " fois", ""], "ja": ["回", " 回", "件", ""], "ar": [""], "hi": [" बार", ""], "th": [" ครั้ง", ""]}


def digits(text, language, chance):
    other = {"ar": ARABIC, "hi": HINDI, "th": THAI, "ja": chance.choice([FULL, None])}.get(language)
    return text.translate(str.maketrans("0123456789", other)) if other else text


def written(text, language, chance):
    """A number as that language has it: marks between thousands, and the decimal point."""
    whole, _, rest = text.partition(".")
    mark, point = {"de": (chance.choice([".", "\u202f", "'"]), ","), "fr": (chance.choice(["\u202f", "\u00a0", " "]), ","), "ar": ("٬", "٫")}.get(language, (",", "."))
    whole = f"{int(whole):,}".replace(",", mark)
    return digits(whole + (point + rest if rest else ""), language, chance)


def say(value, unit, language, chance):
    if unit == "ns":
        factor = chance.choice([u for u in UNITS[language] if 0.01 <= value / u < 1e6] or [1e6])
        return written(rounded(value / factor, chance.choice([2, 3, 4])), language, chance) + chance.choice([" ", "\u00a0", "" if language == "ja" else " "]) + chance.choice(UNITS[language][factor])
    if unit == "share":
        sign = {"de": [" %", "\u202f%", " Prozent"], "fr": [" %", "\u00a0%", " pour cent"], "ja": ["％", "%", "パーセント"], "ar": ["٪", "%"]}.get(language, ["%"])
        return written(rounded(100 * value, chance.choice([2, 3])), language, chance) + chance.choice(sign)
    n = int(value)
    forms = [written(str(n), language, chance)]
    if language in WORDS and 2 <= n <= 12 and WORDS[language][n] != "-":
        forms.append(WORDS[language][n])
    if language == "ja" and n >= 10000:
        forms.append(rounded(n / 1e4, 3) + "万")
    return chance.choice(forms) + chance.choice(COUNTED[language])


def claims_of(facts, language, n, right, chance):
    claims = []
    usable = [(f, x) for f, x in numbers(facts) if x["unit"] in ("ns", "share", "count") and (x["value"] > 0 or x["unit"] == "count")]
    while len(claims) < n:
        if chance.random() < 0.2:
            fact, x = chance.choice(names(facts))
            name = x["text"] if right else chance.choice(["process_payment", "shop.billing.charge", "Invoice.total", "PaymentError", "user_id"])
            claims.append({"text": chance.choice(NAMED[language]).format(name), "facts": [fact["n"]]})
            continue
        fact, x = chance.choice(usable)
        value, unit = x["value"], x["unit"]
        if not right:
            value = (value or 3) * chance.choice([0.1, 0.4, 1.7, 2.5, 10, 1000]) + (unit == "count")
            value = value if unit != "share" or value <= 1 else x["value"] * 0.4
            value = int(value) if unit == "count" else value
            if is_near(value, unit, fact) or value < 2 or (unit == "share" and value < 0.02) or "p50" in fact["text"] or any(y["kind"] == "text" for y in fact["names"]):
                if not (unit == "share" and value >= 0.02 and not is_near(value, unit, fact) and "p50" not in fact["text"]):
                    continue
        claims.append({"text": chance.choice(FRAMES[language]).format(say(value, unit, language, chance)), "facts": [fact["n"]]})
    return claims


@pytest.mark.parametrize("language", ["de", "fr", "ja", "ar", "hi", "th"])
def test_other_languages(explain, server, language):
    facts = json.loads(explain.run("--facts", "--format", "json", function="validate_order").stdout)["facts"]
    chance = random.Random(language)
    for right in (True, False):
        claims = claims_of(facts, language, 120, right, chance)
        shown = []
        for i in range(0, len(claims), 60):
            server.answer = {"claims": claims[i:i + 60], "not_in_facts": []}
            done = explain.ask("good", "--fresh", "--format", "json", "--lang", language, function="validate_order")
            shown += json.loads(done.stdout)["answer"]["claims"]
        assert len(shown) == len(claims)
        bad = [(c["text"], v["reason"] if right else next(f["text"] for f in facts if f["n"] == c["facts"][0])) for c, v in zip(claims, shown) if v["holds"] != right]
        assert not bad, f"{language}, {'right' if right else 'wrong'}: {len(bad)} of {len(claims)}:\n" + "\n".join(map(str, bad[:40]))
