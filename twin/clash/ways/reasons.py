"""Why a kind of change is no way out, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.errors import say
from twin.clash.accuracy import Wording
from twin.clash.dig import Bore
from twin.clash.proposal import Change
from twin.clash.spelling import comma
from twin.clash.ways.bores import hole_m
from twin.clash.ways.ideas import least_width_m
from twin.clash.ways.moves import as_trench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.clash.surroundings import Matter
    from twin.clash.ways.quest import Idea, Quest

EXHAUSTED = Wording(
    en="The search ended at its limit before all was tried.",
    vi="Đã dừng tìm khi đạt giới hạn, chưa thử hết.",
)
_NO_TRENCH = Wording(
    en="Only one trench or one rectangular pit can be changed so.",
    vi="Chỉ áp dụng cho một hào hoặc một hố chữ nhật.",
)
_BROKEN = Wording(
    en="What is laid breaks a distance, which digging by hand does not change.",
    vi="Công trình lắp đặt vi phạm khoảng cách, đào thủ công không khắc phục được.",
)
_ALL_BY_HAND = Wording(
    en="No stretch is left that a machine may dig: all of it must be dug by hand.",
    vi="Không còn đoạn nào được đào bằng máy: phải đào thủ công toàn bộ.",
)
_NO_STREET = Wording(
    en="No street runs along it on one side: there is no other side.",
    vi="Không có đường chạy dọc một bên tuyến: không có bên kia đường để dịch sang.",
)
_OTHER_SIDE = Wording(
    en="The other side of the street is not free either, up to 3 m nearer to its middle or farther from it.",
    vi="Bên kia đường cũng không trống, kể cả khi dịch thêm 3 m vào hoặc ra so với tim đường.",
)
_NO_BATTER = Wording(en="Its sides do not lean.", vi="Thành hào không có mái dốc.")
_SHORED = Wording(en="Shored it is not clear either.", vi="Chống vách vẫn chưa an toàn.")
_NO_PAIR = Wording(
    en="No two of shoring, narrowing, shift and less depth together clear it.",
    vi="Kết hợp hai trong các cách chống vách, thu hẹp, dịch tuyến, giảm chiều sâu vẫn chưa an toàn.",
)
_OWN_PATH = Wording(
    en="What is laid has a path of its own, which a bore would leave.",
    vi="Công trình lắp đặt có tuyến riêng, không khoan theo được.",
)


def explain(change: Change, quest: Quest) -> Wording:
    """Why nothing of a kind was found."""
    explained = {
        Change.NARROW: _narrow,
        Change.SHORE: lambda quest: _SHORED if _leans(quest) else _NO_BATTER,
        Change.SHIFT: _shift,
        Change.DEPTH: _depth,
        Change.COMBINED: lambda _: _NO_PAIR,
        Change.HAND: _hand,
        Change.SIDE: lambda quest: _OTHER_SIDE if quest.crossed else _NO_STREET,
        Change.BORE: _bore,
    }
    return explained[change](quest)


def _leans(quest: Quest) -> bool:
    return any(not isinstance(part, Bore) and part.sides.slope_at(1.0) > 0 for part in quest.dig.parts)


def _narrow(quest: Quest) -> Wording:
    trench = as_trench(quest.dig)
    if trench is None:
        return _NO_TRENCH
    least, source = least_width_m(quest, trench), quest.figures.narrowest.source
    if least >= trench.width_m:
        return Wording(
            en=f"It is {trench.width_m:.2f} m wide, at least {least:.2f} m are needed ({source.en}).",
            vi=f"Hào rộng {comma(trench.width_m, '.2f')} m, tối thiểu phải {comma(least, '.2f')} m ({source.vi}).",
        )
    return Wording(
        en=f"Down to the least width of {least:.2f} m it is not clear ({source.en}).",
        vi=f"Thu hẹp đến bề rộng tối thiểu {comma(least, '.2f')} m vẫn chưa an toàn ({source.vi}).",
    )


def _shift(quest: Quest) -> Wording:
    most = quest.figures.search.farthest_shift_m
    return Wording(
        en=f"No shift of up to {most:g} m to either side clears it.",
        vi=f"Dịch tới {comma(most)} m về mỗi bên vẫn chưa an toàn.",
    )


def _depth(quest: Quest) -> Wording:
    least, most = quest.figures.search.least_depth_m, quest.figures.search.deepest_bore_m
    if all(isinstance(part, Bore) for part in quest.dig.parts):
        return Wording(
            en=f"Neither less deep nor up to {most:g} m deeper is it clear.",
            vi=f"Khoan nông hơn hoặc sâu thêm tới {comma(most)} m vẫn chưa an toàn.",
        )
    return Wording(
        en=f"Down to a depth of {least:g} m nothing less deep is clear with what is laid and its cover;"
        " deeper meets what it met before.",
        vi=f"Giảm chiều sâu đến {comma(least)} m vẫn chưa an toàn hoặc không đủ chiều sâu phủ;"
        " đào sâu hơn vẫn vướng như cũ.",
    )


def _hand(quest: Quest) -> Wording:
    if as_trench(quest.dig) is None:
        return _NO_TRENCH
    return _BROKEN if quest.base.score.broken else _ALL_BY_HAND


def _bore(quest: Quest) -> Wording:
    if as_trench(quest.dig) is None:
        return _NO_TRENCH
    laid, figures = quest.dig.works.laid, quest.figures.bore
    if any(own.path is not None for own in laid):
        return _OWN_PATH
    if hole_m(laid, figures) > figures.largest_m:
        return Wording(
            en=f"A hole of {hole_m(laid, figures):.2f} m is needed, at most {figures.largest_m:g} m are proposed.",
            vi=f"Cần lỗ khoan {comma(hole_m(laid, figures), '.2f')} m, chỉ đề xuất tới {comma(figures.largest_m)} m.",
        )
    most = quest.figures.search.deepest_bore_m
    return Wording(
        en=f"No bore down to {most:g} m is clear with a pit of {figures.pit_m:g} m at either end, at most"
        f" {figures.beyond_m:g} m beyond the dig.",
        vi=f"Khoan sâu tới {comma(most)} m với hố {comma(figures.pit_m)} m ở hai đầu"
        f" (vượt ra ngoài tối đa {comma(figures.beyond_m)} m) vẫn chưa an toàn.",
    )


def refused(idea: Idea, message: str) -> Wording:
    return Wording(en=f"{idea.text.en}: {say(message, 'en')}.", vi=f"{idea.text.vi}: {say(message, 'vi')}.")


def forbidden(idea: Idea, brings: Sequence[Matter]) -> Wording:
    matter = next(matter for matter in brings if matter.weight == "forbids")
    return Wording(en=f"{idea.text.en}: {matter.text.en}.", vi=f"{idea.text.vi}: {matter.text.vi}.")


def not_borne_out(idea: Idea) -> Wording:
    return Wording(
        en=f"{idea.text.en}: the full check finds that not clear.",
        vi=f"{idea.text.vi}: kiểm tra đầy đủ cho thấy chưa an toàn.",
    )
