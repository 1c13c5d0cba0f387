"""Protective habits and signs of safety (practice.md 6): keys that stay, names in the reader's language."""

from django.utils.translation import pgettext_lazy as _p

HABITS = {
    "joke": _p("habit", "a joke afterwards"),
    "half_sentence": _p("habit", "not finishing the sentence"),
    "never_mind": _p("habit", "‘never mind’ or ‘it’s not that bad’"),
    "question_back": _p("habit", "a quick question back"),
    "you_or_people": _p("habit", "saying ‘you’ or ‘people’ instead of ‘I’"),
    "sorry_first": _p("habit", "saying sorry beforehand"),
    "look_away": _p("habit", "looking away or picking up the phone"),
    "rehearse": _p("habit", "rehearsing it all, or rewriting it ten times"),
    "unsend": _p("habit", "deleting the message again"),
    "take_back": _p("habit", "taking it back afterwards (‘just kidding’)"),
    "are_you_angry": _p("habit", "asking ‘are you angry?’"),
    "all_at_once": _p("habit", "blurting it all out at once"),
    "small_voice": _p("habit", "speaking in a small or flat voice"),
    "only_when_over": _p("habit", "saying things only when they are over"),
}

SIGNS_OTHER = {
    "calm_voice": _p("sign", "a calm voice"),
    "lets_silence_be": _p("sign", "does not rush to fill a silence"),
    "friendly_look": _p("sign", "looks friendly, or simply stays beside you"),
    "asks_gently": _p("sign", "asks more without pushing"),
    "says_it_back": _p("sign", "says in their own words what you mean"),
    "no_quick_advice": _p("sign", "does not give advice right away"),
    "phone_away": _p("sign", "puts the phone away"),
    "not_about_self": _p("sign", "does not make it about themselves"),
    "not_now_is_fine": _p("sign", "is fine with ‘not just now’"),
    "comes_back_to_it": _p("sign", "comes back to it later"),
}
SIGNS_SELF = {
    "breath_sinks": _p("sign", "your breathing settles"),
    "shoulders_loosen": _p("sign", "your shoulders loosen"),
    "feel_feet": _p("sign", "you can feel your feet"),
    "finish_sentence": _p("sign", "you can finish your sentence"),
    "dare_silence": _p("sign", "you can let yourself be silent"),
    "off_guard": _p("sign", "you do not have to be on guard"),
}
SIGNS = SIGNS_OTHER | SIGNS_SELF
