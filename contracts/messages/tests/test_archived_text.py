"""The text of an archived panel: whatever is changed in what was stored, it is said to be damaged."""

import pytest

from askpanel.contracts.archive import Damaged, compress, digest, expand

TEXT = b"".join(b'{"sequence": %d, "body": "Launch in %d"}\n' % (number, number * 7) for number in range(40))


def test_a_text_comes_back_as_it_was() -> None:
    assert expand(compress(TEXT), digest(TEXT)) == TEXT


@pytest.mark.parametrize("bit", [1, 128])
def test_any_changed_byte_that_matters_is_damage(bit: int) -> None:
    (packed,) = compress(TEXT)
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= bit
        try:
            text = expand([bytes(changed)], digest(TEXT))
        except Damaged:
            continue
        assert text == TEXT, place  # a byte of the header that says nothing about the text, as the time


@pytest.mark.parametrize("kept", [0, 1, 10, -1])
def test_a_text_cut_short_is_damage(kept: int) -> None:
    (packed,) = compress(TEXT)
    with pytest.raises(Damaged):
        expand([packed[:kept]], digest(TEXT))
