"""What shoppers and merchants are told when something cannot be done, in English and Persian."""

from typing import Literal

from retention.figures.text import Language, number
from retention.redemption import Problem as RedemptionProblem

Problem = (
    RedemptionProblem
    | Literal["bad_request", "signed_out", "paused", "too_many", "away", "released", "reserved"]
    | Literal["not_signed", "clock", "no_store", "too_large", "bad_person"]
)

_OFF = (
    "Points cannot be redeemed at the moment.",
    "در حال حاضر نمی‌توان امتیاز را خرج کرد.",
)

_TEXTS: dict[Problem, tuple[str, str]] = {
    "off": _OFF,
    "no_value": _OFF,
    "too_few": (
        "Redeem at least {} points.",
        "دست‌کم {} امتیاز را خرج کنید.",
    ),
    "step": (
        "Redeem a multiple of {} points.",
        "تعداد امتیاز باید مضربی از {} باشد.",
    ),
    "not_enough": (
        "You can spend {} points; redeem no more than that.",
        "می‌توانید {} امتیاز خرج کنید؛ بیش از آن ممکن نیست.",
    ),
    "worthless": (
        "So few points are worth nothing; redeem more.",
        "این تعداد امتیاز ارزشی ندارد؛ امتیاز بیشتری خرج کنید.",
    ),
    "key_used": (
        "This form was sent before. Load the page again, then retry.",
        "این فرم پیش‌تر فرستاده شده است. صفحه را دوباره باز کنید و باز امتحان کنید.",
    ),
    "nobody": (
        "You have no points yet.",
        "هنوز امتیازی ندارید.",
    ),
    "bad_request": (
        "Write how many points to redeem, as a whole number above 0.",
        "بنویسید چند امتیاز خرج شود: عددی درست و بزرگ‌تر از ۰.",
    ),
    "signed_out": (
        "Sign in to redeem points.",
        "برای خرج کردن امتیاز وارد حساب خود شوید.",
    ),
    "paused": (
        "No points are given at the moment.",
        "در حال حاضر امتیازی داده نمی‌شود.",
    ),
    "too_many": (
        "That was too often. Wait {} seconds, then try again.",
        "تعداد درخواست‌ها زیاد بود. {} ثانیه صبر کنید و دوباره امتحان کنید.",
    ),
    "away": (
        "This is not possible right now. Try again in a few minutes.",
        "اکنون ممکن نیست. چند دقیقهٔ دیگر دوباره امتحان کنید.",
    ),
    "released": (
        "The shop did not give a reward for these points; they are in your balance again.",
        "فروشگاه برای این امتیازها پاداشی نداد؛ امتیازها به موجودی شما برگشت.",
    ),
    "reserved": (
        "Your reward is being made. Look here again in a few minutes.",
        "پاداش شما در حال آماده شدن است. چند دقیقهٔ دیگر دوباره اینجا را ببینید.",
    ),
    "not_signed": (
        "The key does not fit. Enter the address and the key that the app prints.",
        "کلید درست نیست. نشانی و کلیدی را که برنامه نشان می‌دهد وارد کنید.",
    ),
    "clock": (
        "The clock of the store's server is more than five minutes off. Set it.",
        "ساعت سرور فروشگاه بیش از پنج دقیقه خطا دارد. آن را تنظیم کنید.",
    ),
    "no_store": (
        "The app knows no such store. Enter the address that the app prints.",
        "برنامه چنین فروشگاهی نمی‌شناسد. نشانی‌ای را که برنامه نشان می‌دهد وارد کنید.",
    ),
    "too_large": (
        "What was sent is too large.",
        "آنچه فرستاده شد بیش از اندازه بزرگ است.",
    ),
    "bad_person": (
        "Name the person by a complete e-mail address.",
        "شخص را با نشانی ایمیل کامل بنویسید.",
    ),
}


def told(problem: Problem, language: Language, amount: int = 0) -> str:
    """What is told, the amount written in digits of the language."""
    english, persian = _TEXTS[problem]
    return (persian if language == "fa" else english).format(number(amount, 0, language))


def language_of(locale: str) -> Language:
    """The language for a locale such as fa, fa_IR, en-GB, or a list of them by preference."""
    return "fa" if locale.strip().lower().startswith("fa") else "en"
