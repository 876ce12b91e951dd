"""The scoring sheet: a workbook whose formulas place people, for those who work without Python."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from personakit.errors import StudyError
from personakit.schema import KIND
from personakit.typing_tool.questionnaire import choices, question_text
from personakit.typing_tool.tool import FILL, LEVEL, QUESTION, TypingTool
from personakit.wording import say, say_key

#: the first row of people, and the fixed date that keeps the bytes of a workbook the same
FIRST, DAY = 4, (2000, 1, 1, 0, 0, 0)


def scoring_sheet(tool: TypingTool, language: str, rows: int) -> bytes:
    """Return the bytes of the workbook: one sheet to fill, one that says how to read it, one with the rule."""
    try:
        import openpyxl
    except ImportError:
        raise StudyError("the scoring sheet needs openpyxl. Install it: pip install personakit-research[excel].") from None
    book = openpyxl.Workbook()
    people, about, rule = book.active, book.create_sheet(), book.create_sheet()
    for sheet, key in ((people, "sheet_people"), (about, "sheet_about"), (rule, "sheet_rule")):
        sheet.title = say_key(f"typing.{key}", language)
    _write_rule(rule, tool, language)
    _write_about(about, tool, language)
    _write_people(people, tool, language, rows, f"'{rule.title}'!")
    stream = io.BytesIO()
    book.save(stream)
    return _same_bytes(stream.getvalue())


def _write(sheet: Any, row: int, column: int, value: object, *, bold: bool = False) -> Any:
    """Write a cell; a text of the study that begins like a formula stays a text."""
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row, column, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=bold)
    return cell


def _write_rule(sheet: Any, tool: TypingTool, language: str) -> None:
    """Write one row a term: question, level, what stands for no answer, lowest and highest answer, a weight a persona."""
    heads = [say_key(f"typing.{key}", language) for key in ("question", "level", "fill", "low_answer", "high_answer")]
    for column, head in enumerate([*heads, *tool.personas], start=1):
        _write(sheet, 1, column, head, bold=True)
    for row, (_, facts) in enumerate(tool.rule.iterrows(), start=2):
        ends = [tool.questions.at[facts[QUESTION], end] if facts[QUESTION] and not facts[LEVEL] else None
                for end in ("low", "high")]
        cells = [facts[QUESTION], facts[LEVEL], float(facts[FILL]), *ends, *(float(facts[one]) for one in tool.personas)]
        for column, value in enumerate(cells, start=1):
            _write(sheet, row, column, value)


def _write_about(sheet: Any, tool: TypingTool, language: str) -> None:
    lines = [say_key(f"typing.{key}", language, sure=tool.sure) for key in ("how_fill", "how_read", "how_cannot_tell")]
    lines += [say(one, language) for one in tool.why]
    lines += [f"{persona}: {name}" for persona, name in tool.personas.items() if name != persona]
    sheet.column_dimensions["A"].width = 110
    for row, line in enumerate(lines, start=1):
        _write(sheet, row, 1, line)


def _write_people(sheet: Any, tool: TypingTool, language: str, rows: int, rule: str) -> None:
    from openpyxl.utils import get_column_letter

    asked, personas = [str(one) for one in tool.questions.index], list(tool.personas)
    results = [say_key(f"typing.{key}", language) for key in ("persona", "probability")]
    _write(sheet, 1, 1, say_key("typing.title", language), bold=True)
    letters = [get_column_letter(at) for at in range(1, 4 + len(asked) + 2 * len(personas))]
    answers, found = letters[1:1 + len(asked)], letters[1 + len(asked):3 + len(asked)]
    shares, scores = (letters[3 + len(asked) + step:3 + len(asked) + step + len(personas)] for step in (0, len(personas)))
    texts = [question_text(tool, one, language) for one in asked]
    heads = [say_key("typing.person", language), *texts, *results, *tool.personas.values()]
    for column, head in enumerate(heads, start=1):
        _write(sheet, 2, column, head, bold=True)
    for column, name in enumerate(["", *asked, "", "", *personas], start=1):
        _write(sheet, 3, column, name)
    for row in range(FIRST, FIRST + rows):
        for place, formula in _formulas(tool, language, row, rule, (answers, found, shares, scores)):
            cell = sheet[place]
            cell.value = formula
            if not place.startswith(found[0]):
                cell.number_format = "0.00"
    for letter in scores:
        sheet.column_dimensions[letter].hidden = True
    for letter in (*answers, *found, *shares):
        sheet.column_dimensions[letter].width = 18
    _validate(sheet, tool, language, answers, rows)
    sheet.freeze_panes = f"B{FIRST}"


def _formulas(
    tool: TypingTool, language: str, row: int, rule: str, letters: tuple[list[str], ...]
) -> list[tuple[str, str]]:
    """Return (cell, formula) of one person: scores, probabilities, the persona or why there is none."""
    answers, (persona, probability), shares, scores = letters
    personas = list(tool.personas)
    asked = [str(one) for one in tool.questions.index]
    cells = dict(zip(asked, (f"${letter}{row}" for letter in answers), strict=True))
    lines = {name: [at for at, one in enumerate(tool.rule[QUESTION], start=2) if one == name] for name in asked}
    nominal = {name: bool(tool.questions.at[name, KIND] == "nominal") for name in asked}
    out = []
    for place, score in enumerate(scores):
        weight = _column(6 + place)
        terms = [_term(cells[name], lines[name], nominal[name], weight, rule) for name in asked]
        out.append((f"{score}{row}", "=" + "+".join([f"{rule}${weight}$2", *terms])))
    block = f"${scores[0]}{row}:${scores[-1]}{row}"
    out += [(f"{share}{row}",
             f'=IF({_count(cells)}=0,"",EXP({score}{row}-MAX({block}))/SUMPRODUCT(EXP({block}-MAX({block}))))')
            for share, score in zip(shares, scores, strict=True)]
    row_of = f"${shares[0]}{row}:${shares[-1]}{row}"
    out.append((f"{probability}{row}", f'=IF({_count(cells)}=0,"",MAX({row_of}))'))
    names = f"${shares[0]}$2:${shares[len(personas) - 1]}$2"
    wrong = "+".join(_is_wrong(cells[name], lines[name], nominal[name], rule) for name in asked)
    cannot, check = say_key("typing.says_cannot_tell", language), say_key("typing.says_check", language)
    told = f"INDEX({names},MATCH({probability}{row},{row_of},0))"
    unsure = f"OR(2*{_count(cells)}<{len(asked)},{probability}{row}<{tool.sure!r})"
    out.append((f"{persona}{row}", f'=IF({_count(cells)}=0,"",IF({wrong}>0,"{check}",IF({unsure},"{cannot}",{told})))'))
    return out


def _count(cells: dict[str, str]) -> str:
    first, *_, last = [*cells.values(), *cells.values()]
    return f"COUNTA({first}:{last})"


def _term(cell: str, lines: list[int], nominal: bool, weight: str, rule: str) -> str:
    first, last = lines[0], lines[-1]
    weights = f"{rule}${weight}${first}:${weight}${last}"
    fills, levels = f"{rule}$C${first}:$C${last}", f"{rule}$B${first}:$B${last}"
    if nominal:
        return f'IF({cell}="",SUMPRODUCT({fills},{weights}),SUMPRODUCT(--({levels}={cell}&""),{weights}))'
    answer = f"MAX({rule}$D${first},MIN({rule}$E${first},{cell}))"
    return f"IF(ISNUMBER({cell}),{answer},{rule}$C${first})*{rule}${weight}${first}"


def _is_wrong(cell: str, lines: list[int], nominal: bool, rule: str) -> str:
    first, last = lines[0], lines[-1]
    if nominal:
        return f'IF({cell}="",0,IF(SUMPRODUCT(--({rule}$B${first}:$B${last}={cell}&""))=0,1,0))'
    low, high = f"{rule}$D${first}", f"{rule}$E${first}"
    return (f'IF({cell}="",0,IF(ISNUMBER({cell}),IF(OR({cell}<2*{low}-{high},{cell}>2*{high}-{low}),1,0),1))')


def _column(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))


def _validate(sheet: Any, tool: TypingTool, language: str, answers: list[str], rows: int) -> None:
    """Let a cell take only what can be answered; long lists are left to the formula that checks them."""
    from openpyxl.worksheet.datavalidation import DataValidation

    for name, letter in zip(tool.questions.index, answers, strict=True):
        listed = ",".join(answer for answer, _ in choices(tool, str(name), language))
        if tool.questions.at[name, KIND] == "nominal" and ('"' in listed or len(listed) > 250
                                                           or listed.count(",") >= len(choices(tool, str(name), language))):
            continue
        low, high = (float(tool.questions[end].loc[name]) for end in ("low", "high"))
        rule = (DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
                if listed else DataValidation(type="decimal", operator="between", formula1=repr(low),
                                              formula2=repr(high), allow_blank=True, errorStyle="warning"))
        rule.add(f"{letter}{FIRST}:{letter}{FIRST + rows - 1}")
        sheet.add_data_validation(rule)


def _same_bytes(data: bytes) -> bytes:
    """Give the parts of a workbook a fixed date, so that the same tool gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, DAY), part, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()
