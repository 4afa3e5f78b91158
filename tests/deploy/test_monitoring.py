"""What Prometheus reads, and what Grafana draws of it."""

import os
from pathlib import Path

import promql_parser as promql
import pytest
from deployed import DEPLOY, compose, dashboard, instructions, read, run

# What Grafana puts in the place of its variables.
FILLED = {"$__rate_interval": "1m", "$__range": "1h", "$pipeline": ".*"}
# Labels that Prometheus itself adds.
ADDED = {"instance", "job"}
PARTS = ("_bucket", "_sum", "_count")
GRAFANA = "/etc/grafana/"


def metrics():
    """Kind and labels of each metric of the list."""
    lines = (DEPLOY / "grafana/metrics.txt").read_text().splitlines()
    fields = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: (kind, set("".join(labels).split(",")) - {""}) for name, kind, *labels in fields}


METRICS = metrics()


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions():
    for panel in panels():
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")


def parse(expression):
    for variable, value in FILLED.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, f"a variable that the dashboard has not: {expression}"
    return promql.parse(expression)


def inner(node):
    """What an expression stands on."""
    children = [getattr(node, name, None) for name in ("lhs", "rhs", "expr", "param", "vector_selector")]
    children += list(getattr(node, "args", None) or [])
    return [child for child in children if child is not None]


def walk(node, above=()):
    """Every node of an expression, with those above it, the nearest one first."""
    yield node, above
    for child in inner(node):
        yield from walk(child, (node, *above))


def selectors(expression):
    return [(node, above) for node, above in walk(parse(expression)) if isinstance(node, promql.VectorSelector)]


def metric(name):
    """The metric that a series is of, and its part where it is a histogram."""
    for part in PARTS:
        base = name.removesuffix(part)
        if base != name and METRICS.get(base, ("",))[0] == "histogram":
            return base, part
    return name, ""


def functions(above):
    return [node.func.name for node in above if isinstance(node, promql.Call)]


def grouped(above):
    """The labels that the aggregations above keep."""
    modifiers = [node.modifier for node in above if isinstance(node, promql.AggregateExpr) and node.modifier]
    return {label for modifier in modifiers for label in modifier.labels}


def test_prometheus_takes_its_configuration():
    run(os.environ["PROMTOOL"], "check", "config", str(DEPLOY / "prometheus.yml"))


def test_prometheus_reads_the_service():
    [job] = read("prometheus.yml")["scrape_configs"]
    [static] = job["static_configs"]
    assert static["targets"] == [f"rowgen:{instructions('EXPOSE')[0]}"]
    assert "rowgen" in compose()["services"]


def test_grafana_is_given_its_files():
    mounted = [volume.split(":") for volume in compose()["services"]["grafana"]["volumes"]]
    places = {place: source for source, place, _ in mounted}
    assert places[f"{GRAFANA}provisioning"] == "./grafana/provisioning"
    [provider] = read("grafana/provisioning/dashboards/rowgen.yaml")["providers"]
    [board] = [place for place, source in places.items() if source == "./grafana/rowgen.json"]
    assert str(Path(board).parent) == provider["options"]["path"]
    assert compose()["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == board


def test_grafana_asks_the_prometheus_of_compose():
    [source] = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["url"].removeprefix("http://").split(":")[0] in compose()["services"]
    assert source["jsonData"]["timeInterval"] == read("prometheus.yml")["global"]["scrape_interval"]
    variables = {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
    assert variables["datasource"]["current"]["value"] == source["uid"]
    assert set(variables) == {"datasource", "pipeline"}
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}


def test_the_choice_of_pipelines_is_of_a_metric_that_is_there():
    [variable] = [one for one in dashboard()["templating"]["list"] if one["name"] == "pipeline"]
    name, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").split(", ")
    assert label in METRICS[name][1]


@pytest.mark.parametrize("expression", list(expressions()))
def test_what_is_drawn_is_told_by_the_service(expression):
    found = selectors(expression)
    assert found
    for selector, above in found:
        name, part = metric(selector.name)
        assert name in METRICS, f"{name} is not in deploy/grafana/metrics.txt"
        kind, labels = METRICS[name]
        assert bool(part) == (kind == "histogram"), f"{selector.name} of a {kind}"
        used = {matcher.name for matcher in selector.matchers.matchers} | grouped(above)
        assert used <= labels | ADDED | ({"le"} if part == "_bucket" else set())


@pytest.mark.parametrize("expression", list(expressions()))
def test_what_is_drawn_suits_its_kind(expression):
    for selector, above in selectors(expression):
        name, part = metric(selector.name)
        called = functions(above)
        grows = METRICS[name][0] != "gauge"
        assert grows == bool({"rate", "increase"} & set(called)), f"{selector.name}: only what grows has a rate"
        quantile = "histogram_quantile" in called
        assert quantile == (part == "_bucket"), f"{selector.name}: quantiles are of buckets"
        assert not quantile or "le" in grouped(above)


def test_all_that_the_service_tells_is_drawn():
    drawn = {metric(selector.name)[0] for param in expressions() for selector, _ in selectors(param.values[0])}
    assert drawn == set(METRICS)


def test_panels_have_their_own_place():
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])
    taken = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} covers another one"
        taken |= cells
