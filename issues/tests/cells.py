"""Texts of every kind that spreadsheets read in a way of their own."""

from hypothesis import strategies as st

# What begins formulas, in all widths; what is skipped before it; what ends a cell for one program or another.
SPECIAL = "=+-@＝＋－＠−﹢﹣⁺₌﹫ \t\r\n\x00\x0b\x1b\xa0\u3000\u2028\u200b\ufeff'\"`;,|"

NASTY = st.lists(
    st.one_of(
        st.sampled_from(SPECIAL),
        st.sampled_from(["=1+1", "=cmd|' /C calc'!A0", '";=1', "sep=;", "@SUM(A1)", "+HYPERLINK(", "a", "1"]),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
).map("".join)
