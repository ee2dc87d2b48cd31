"""What a step sends, by JMESPath over the saga's input and the outputs of earlier steps."""

import json

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.core.bounded import BoundedInterpreter
from orchestration.core.mapping import MappingError, compiled, evaluate, payload, unknown_functions
from orchestration.core.paths import plain

INPUT = {"sku": "A-1", "qty": 2, "mixed": [{"k": 1}, {"k": "one"}]}
OUTPUTS = {"reserve-stock": {"ref": "R-7"}}


def sent(expression: str | None):
    return payload(expression, saga_input=INPUT, outputs=OUTPUTS)


def test_without_an_expression_the_whole_of_both_is_sent():
    assert sent(None) == {"input": INPUT, "outputs": OUTPUTS}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("{sku: input.sku, qty: input.qty}", {"sku": "A-1", "qty": 2}, id="some of the input"),
        pytest.param('outputs."reserve-stock".ref', "R-7", id="an earlier output, its name quoted"),
        pytest.param("{ref: outputs.later.ref}", {"ref": None}, id="an output that is not there is null"),
        pytest.param("sum(input.mixed[?k == `1`].k)", 1, id="a function"),
    ],
)
def test_an_expression_chooses(expression, value):
    assert sent(expression) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("sort_by(input.mixed, &k)", "fails on this saga", id="types that cannot be compared"),
        pytest.param("join(',', input.mixed)", "fails on this saga", id="a function of the wrong type"),
        pytest.param("contains(input.sku, `1`)", "fails on this saga", id="a search of the wrong type"),
        pytest.param("ceil(to_number('1e999'))", "fails on this saga", id="beyond all numbers"),
        pytest.param("to_number('1e999')", "does not give JSON", id="infinity"),
        pytest.param("{n: to_number('nan')}", "does not give JSON", id="not a number"),
        pytest.param("{how: &sku}", "does not give JSON", id="an expression as value"),
        pytest.param('{a: `"\\u0000"`}', "NUL", id="a NUL character"),
        pytest.param('{a: `"\\ud800"`}', "does not give JSON", id="half a surrogate pair"),
        pytest.param("|".join(["[@,@]"] * 60), "asks for too much", id="a list that doubles"),
        pytest.param("'a'|" + "|".join(["join('',[@,@])"] * 60), "asks for too much", id="a text that doubles"),
        pytest.param("[`1`]|" + "|".join(["[@[],@[]][]"] * 60), "asks for too much", id="a list that doubles, flat"),
        pytest.param("|".join(["[@,@]"] * 60) + "|to_string(@)", "asks for too much", id="a text of what doubles"),
        pytest.param("|".join(["map(&[@,@],@)"] * 60).replace("map", "[`1`]|map", 1), "asks for too much", id="maps"),
    ],
)
def test_an_expression_that_fails_on_the_data_says_so(expression, said):
    assert compiled(expression)
    with pytest.raises(MappingError, match=said):
        sent(expression)


@pytest.mark.parametrize("between", ["||", "|", "[]|"])
def test_unknown_functions_are_found_however_long_the_expression(between):
    assert unknown_functions(between.join(["a"] * 2000) + "|nothing(@)") == ["nothing"]


@pytest.mark.parametrize("character", ["\0", "\ud800", "x" * 100_000])
def test_what_is_said_of_a_failure_can_be_stored_and_shown(character):
    with pytest.raises(MappingError) as caught:
        payload("abs(input.text)", saga_input={"text": character}, outputs={})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_data_too_deep_for_an_expression_is_an_error_of_the_mapping():
    deep: list[object] = []
    for _level in range(100_000):
        deep = [deep]
    with pytest.raises(MappingError):
        payload("input.deep", saga_input={"deep": deep}, outputs={})


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("a..b", "column", id="the place is named"),
        pytest.param("outputs.reserve-stock", 'quoted, as in outputs."reserve-stock".ref', id="hyphens: the hint"),
        pytest.param("nothing(a)", "nothing", id="an unknown function is found when it runs"),
        pytest.param("(" * 4000 + "a" + ")" * 4000, "nested too deeply", id="brackets"),
        pytest.param("!" * 8000 + "a", "nested too deeply", id="negations"),
        pytest.param("", "JMESPath", id="an empty one"),
    ],
)
def test_an_expression_that_cannot_be_read(expression, said):
    with pytest.raises(MappingError, match=said):
        evaluate(expression, {"a": 1})


def test_what_is_sent_is_always_json():
    assert json.loads(json.dumps(sent("{all: @, types: map(&type(@), input.mixed)}"), allow_nan=False))


NAMES = st.sampled_from(["a", "b", "get", "key-1", "ключ"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
)
PATHS = st.lists(NAMES.map(lambda name: f'"{name}"'), min_size=1, max_size=4).map(".".join)
OBJECTS = st.lists(st.tuples(NAMES.map(lambda name: f'"{name}"'), PATHS), min_size=1, max_size=4).map(
    lambda pairs: "{" + ", ".join(f"{name}: {path}" for name, path in pairs) + "}"
)


@given(PATHS | OBJECTS, st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_plain_expression_finds_without_an_interpreter_what_it_finds_with_one(expression, data):
    parsed = jmespath.compile(expression).parsed
    assert plain(parsed) is not None
    assert evaluate(expression, data) == BoundedInterpreter().visit(parsed, data)


@pytest.mark.parametrize(
    "expression",
    [
        "a[0]",
        "a || b",
        "length(a)",
        "@",
        "a.{b: c}",
        "{a: b || c}",
        "{a: {b: c}}",
        "[a, b]",
        "a | b",
        "`1`",
        "a.*",
        "'a'",
    ],
)
def test_what_is_not_that_plain_is_left_to_the_interpreter(expression):
    assert plain(jmespath.compile(expression).parsed) is None


def test_a_plain_object_that_repeats_too_much_is_stopped_as_by_the_interpreter():
    data = {"a": list(range(100_000))}
    assert evaluate("a", data) is data["a"]
    with pytest.raises(MappingError, match="asks for too much"):
        evaluate("{" + ", ".join(f"k{number}: a" for number in range(20)) + "}", data)
