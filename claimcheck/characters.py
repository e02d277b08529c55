"""Characters of Persian text as people type it, by what they do. Each constant stands inside ``[...]``.

Standard library only. Where a set is also used as a string (``in``, ``rstrip``), it holds no ranges.
"""

LINE = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
BLANK = "\t\x1f \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
HIDDEN = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # takes no room
ACCENT = (
    "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\ufe00-\ufe0f"
)
INSIDE = ACCENT + "\u0640\u200c\u200d"  # stands within a word: accents, tatweel, joiners
PERSIAN = (  # letters, presentation forms too; no digits, no tatweel
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f"
    "\ufb50-\ufdff\ufe70-\ufefc"
)

MARK = ".!?؟؞⸮…۔。．｡！？‼⁇⁈⁉‽❓❔❕❗"  # may end a sentence
CLOSE = "]»›”’)}〉》」』"
EITHER = "\"'“„‘‟"  # opens or closes

EMOJI = "•‣\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\U0001f000-\U0001faff"
JOINED = "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f"  # goes on with the emoji before it
DIAMOND = "🔹🔸🔷🔶"  # never anything but a bullet
SIGN = (  # opens an item; other emoji comment on what stands before
    DIAMOND + "•‣▪▫◾◽◼◻⬛⬜■□●○◆◇♦►▶🔺🔻🔴🔵🟢🟠🟡🟣🔘🔳🔲🔰✅☑✔❇✳⭕📌📍🚨📢📣🔔🔗👇👈📊📈📉🎥📹📷📸🗣⚠"
)
MOOD = (  # two of these end a clause; a car or a flag may stand for a word
    "\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a💔-💟❤♥🖤🤍🤎🧡"
    "👍👎👏👌💪🤝🌹🌸🌺🌷💐🎂🎈🎁🎉🎊🏆🔥💯✨"
)
FLAG = "\U0001f1e6-\U0001f1ff"  # half of one
