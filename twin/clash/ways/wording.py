"""Ways out in words, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.clash.accuracy import Wording
from twin.clash.proposal import Change
from twin.clash.spelling import comma

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.clash.ways.stretches import Stretch

CHANGES = {
    Change.NARROW: Wording(en="narrower trench", vi="thu hẹp hào"),
    Change.SHORE: Wording(en="shored sides", vi="chống vách"),
    Change.SHIFT: Wording(en="shift", vi="dịch tuyến"),
    Change.DEPTH: Wording(en="other depth", vi="đổi chiều sâu"),
    Change.COMBINED: Wording(en="two changes", vi="hai thay đổi"),
    Change.HAND: Wording(en="dig by hand", vi="đào thủ công"),
    Change.SIDE: Wording(en="other side of the street", vi="sang bên kia đường"),
    Change.BORE: Wording(en="bore", vi="khoan ngầm"),
}
_LEAVES = {
    "possible": Wording(en="{} possible", vi="{} có thể va chạm"),
    "unknown": Wording(en="{} not known", vi="{} chưa biết"),
    "rules": Wording(en="{} distances not proven", vi="{} khoảng cách chưa chứng minh"),
    "exposed": Wording(en="{} objects to be exposed by hand", vi="{} công trình phải đào lộ thủ công"),
    "no_boundary": Wording(en="no boundary of the city is loaded", vi="chưa nạp ranh giới thành phố"),
    "unproven": Wording(en="not proven clear", vi="chưa chứng minh được an toàn"),
}
_CLEAR = Wording(en="clear", vi="an toàn")
NOTHING_LAID = Wording(
    en="what is laid is not stated, so neither its cover nor its distances were checked",
    vi="chưa khai báo công trình lắp đặt nên chưa kiểm tra chiều sâu phủ và khoảng cách",
)
GRAVITY = Wording(
    en="a gravity line: its levels must be designed anew",
    vi="tuyến tự chảy: phải tính lại cao độ",
)
ENDS = Wording(
    en="both ends move, too: check what they join",
    vi="hai đầu tuyến cũng dịch theo: cần kiểm tra điểm đấu nối",
)
EXPOSED = Wording(
    en="what lies in these stretches stays there: expose it by hand, support it, and have its owner present",
    vi="công trình trong các đoạn này vẫn nằm đó: phải đào lộ thủ công, chống đỡ và có chủ sở hữu giám sát",
)
NO_COVER_RULE = Wording(
    en="no rule for the cover of what is laid is known",
    vi="chưa có quy định chiều sâu phủ cho công trình lắp đặt",
)


def leaving(leaves: Mapping[str, int]) -> Wording:
    """What a change leaves open, or that it leaves nothing."""
    if not leaves:
        return _CLEAR
    texts = [(_LEAVES[name], count) for name, count in leaves.items()]
    return Wording(
        en="leaves " + ", ".join(text.en.format(count) for text, count in texts),
        vi="còn lại: " + ", ".join(text.vi.format(count) for text, count in texts),
    )


def shifted(by_m: float, point: Wording) -> Wording:
    return Wording(en=f"Move it {by_m:.2f} m to the {point.en}", vi=f"Dịch {comma(by_m, '.2f')} m về phía {point.vi}")


def narrowed(from_m: float, to_m: float, aside_m: float, point: Wording) -> Wording:
    side = (
        Wording(en=", equally on both sides", vi=", đều hai bên")
        if not aside_m
        else Wording(en=f", keeping its {point.en} side", vi=f", giữ nguyên mép phía {point.vi}")
    )
    return Wording(
        en=f"Dig it {to_m:.2f} m wide instead of {from_m:.2f} m{side.en}",
        vi=f"Đào rộng {comma(to_m, '.2f')} m thay vì {comma(from_m, '.2f')} m{side.vi}",
    )


def shored(working_m: float) -> Wording:
    return Wording(
        en=f"Shore it instead of battering its sides; {working_m:.2f} m beside the floor are taken for that",
        vi=f"Chống vách thay vì đào mái dốc; lấy {comma(working_m, '.2f')} m mỗi bên đáy",
    )


def lifted(by_m: float) -> Wording:
    if by_m > 0:
        return Wording(en=f"Dig it {by_m:.2f} m less deep", vi=f"Đào nông hơn {comma(by_m, '.2f')} m")
    return Wording(en=f"Bore it {-by_m:.2f} m deeper", vi=f"Khoan sâu hơn {comma(-by_m, '.2f')} m")


def raised_bore(by_m: float) -> Wording:
    return (
        lifted(by_m)
        if by_m < 0
        else Wording(en=f"Bore it {by_m:.2f} m less deep", vi=f"Khoan nông hơn {comma(by_m, '.2f')} m")
    )


def by_hand(stretches: Sequence[Stretch], rest_m: float) -> Wording:
    places = "; ".join(f"{station(begin)} – {station(end)}" for begin, end in stretches)
    places_vi = "; ".join(f"{station_vi(begin)} – {station_vi(end)}" for begin, end in stretches)
    total = sum(end - begin for begin, end in stretches)
    return Wording(
        en=f"Dig {total:.1f} m by hand: {places}; the other {rest_m:.1f} m are clear for a machine",
        vi=f"Đào thủ công {comma(total, '.1f')} m: {places_vi}; {comma(rest_m, '.1f')} m còn lại an toàn cho đào máy",
    )


def across(by_m: float, road: str | None) -> Wording:
    name = f" {road}" if road else ""
    return Wording(
        en=f"Dig it on the other side of{name or ' the street'}, {by_m:.1f} m across",
        vi=f"Đào ở bên kia đường{name}, cách {comma(by_m, '.1f')} m",
    )


def bored(stretch: Stretch, axis_m: float, diameter_m: float) -> Wording:
    return Wording(
        en=f"Bore from {station(stretch[0])} to {station(stretch[1])} with the axis {axis_m:.2f} m deep,"
        f" {diameter_m:.2f} m wide, from a pit at either end",
        vi=f"Khoan ngầm từ {station_vi(stretch[0])} đến {station_vi(stretch[1])}, trục sâu {comma(axis_m, '.2f')} m,"
        f" đường kính {comma(diameter_m, '.2f')} m, từ hố ở hai đầu",
    )


def station(at_m: float) -> str:
    """Kilometre and metres, as pegs are marked."""
    sign = "−" if at_m < -0.05 else ""
    kilometres, metres = divmod(abs(round(at_m, 1)), 1000)
    return f"{sign}{kilometres:.0f}+{metres:05.1f}"


def station_vi(at_m: float) -> str:
    return station(at_m).replace(".", ",")
