"""Place new people in the personas of a typing tool."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import softmax

from personakit.inference import one_thread
from personakit.schema import PARTICIPANT, PERSONA
from personakit.typing_tool.answers import read_new
from personakit.typing_tool.tool import TypingTool

UNSURE, FEW_ANSWERS = "unsure", "few_answers"


@one_thread()
def assign_personas(tool: TypingTool, new_people: pd.DataFrame) -> pd.DataFrame:
    """Place new people in the personas from their answers, or say that it cannot be told.

    Use it on people who answered the questions of the tool. It cannot find new personas, nor tell that someone is like
    none of them; people of another market or another year may answer the same and live otherwise.

    Parameters
    ----------
    tool
        From ``build_typing_tool`` or ``load_typing_tool``.
    new_people
        One row a person, one column a question of the tool (``tool.questions.index``), answers as in the study; empty
        where there is none. Other columns are ignored.

    Returns
    -------
    DataFrame
        The index of ``new_people``: ``persona`` (missing where it cannot be told), ``why`` (empty; ``unsure``: the
        probability is below .6; ``few_answers``: fewer than half of the questions), ``probability`` of the likeliest
        persona, ``runner_up``, ``answered`` (questions), and the probability of each persona. An answer that is missing
        counts as average; one beyond those seen as the nearest of them.

    Raises
    ------
    StudyError
        A question without column; an answer that is no number, no known level, or far from all that were seen.

    Examples
    --------
    See ``build_typing_tool``.
    """
    values, answered = read_new(new_people, tool.questions, tool.rule)
    names = list(tool.personas)
    probability = softmax(values @ tool.rule[names].to_numpy(dtype=float), axis=1)
    order = np.argsort(-probability, axis=1, kind="stable")
    top = np.take_along_axis(probability, order[:, :1], axis=1)[:, 0]
    why = np.where(2 * answered < len(tool.questions), FEW_ANSWERS, np.where(top < tool.sure, UNSURE, ""))
    labels = np.array(names, dtype=object)
    out = pd.DataFrame({
        PERSONA: pd.Series(labels[order[:, 0]], dtype="str").where(why == "").array,
        "why": pd.array(why, dtype="str"),
        "probability": top,
        "runner_up": pd.array(labels[order[:, 1]] if len(names) > 1 else np.full(len(top), None), dtype="str"),
        "answered": answered,
        **{name: probability[:, at] for at, name in enumerate(names)},
    }, index=new_people.index)
    return out.rename_axis(str(new_people.index.name or PARTICIPANT))
