"""Words and crude English stems, for comparing only."""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall", "grew": "grow", "grown": "grow",
    "growth": "grow", "shrank": "shrink", "shrunk": "shrink", "began": "begin", "begun": "begin",
    "lost": "lose", "loss": "lose", "losses": "lose", "won": "win", "kept": "keep", "left": "leave",
    "bought": "buy", "sold": "sell", "sale": "sell", "sales": "sell", "failure": "fail", "success": "succeed",
    "successful": "succeed", "met": "meet", "gave": "give", "given": "give", "forbade": "forbid",
    "forbidden": "forbid", "approval": "approve", "refusal": "refuse", "denial": "deny", "denied": "deny",
    "denies": "deny", "children": "child", "women": "woman", "men": "man", "people": "person",
    "costly": "expensive", "cheaper": "cheap", "cheapest": "cheap", "riskier": "risky", "easier": "easy",
    "earlier": "early", "earliest": "early", "worse": "bad", "worst": "bad", "better": "good", "best": "good",
    "done": "do", "taken": "take", "took": "take", "chose": "choose", "chosen": "choose", "ran": "run",
    "got": "get", "made": "make", "found": "find", "paid": "pay", "led": "lead", "held": "hold",
}  # fmt: skip

_ENDINGS = (
    ("ations", 3, ""), ("ation", 3, ""), ("ments", 3, ""), ("ment", 3, ""), ("ions", 4, ""), ("ion", 4, ""),
    ("ingly", 3, ""), ("edly", 3, ""), ("ies", 2, "y"), ("ied", 2, "y"), ("ing", 3, ""), ("ed", 3, ""),
    ("ly", 4, ""), ("sses", 1, "ss"), ("ches", 2, "ch"), ("shes", 2, "sh"), ("xes", 2, "x"), ("s", 3, ""),
)  # fmt: skip


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A casefolded word without its ending (-s, -ed, -ing, -ly, -ment, -ion, final e).

    Irregular forms go to their base first. At least two letters stay.
    """
    word = _IRREGULAR.get(word, word)
    for ending, least, plain in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + plain
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeioulsz":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
