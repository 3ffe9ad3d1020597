"""The order of stacks and the sources of parameters, from templates alone."""

import pytest

from scripts.cloudformation.plan import make_plan
from scripts.cloudformation.stacks import StackState
from scripts.cloudformation.templates import parse
from scripts.stage.errors import TemplateError
from scripts.stage.session import tags

ROLE = "arn:aws:iam::123456789012:role/sentiment-dev-pipeline-DeployRole-1"


def template(stack, parameters=(), outputs=(), defaults=None):
    lines = ["Parameters:"] + [f"  {name}: {{Type: String}}" for name in parameters]
    lines += [f"  {name}: {{Type: String, Default: '{value}'}}" for name, value in (defaults or {}).items()]
    lines += ["Outputs:"] + [f"  {name}: {{Value: x}}" for name in outputs]
    lines += ["Resources:", "  Thing: {Type: 'AWS::SQS::Queue'}"]
    return parse(stack, "\n".join(lines))


def test_a_stack_comes_after_those_whose_outputs_it_takes():
    plan = make_plan(
        "dev",
        [
            template("api", ["ListenerArn", "TableName"]),
            template("cluster", ["VpcId"], ["ListenerArn"]),
            template("data", [], ["TableName"]),
            template("network", [], ["VpcId"]),
        ],
        {},
        {},
    )
    order = [step.stack for step in plan.steps]
    assert order.index("network") < order.index("cluster") < order.index("api")
    assert order.index("data") < order.index("api")
    assert plan.step("api").needs == {"cluster", "data"}
    assert plan.needed_by("network") == {"cluster"}
    assert plan.step("api").name == "sentiment-dev-api"


def test_an_output_comes_before_a_computed_value_before_a_setting_before_a_default():
    plan = make_plan(
        "dev",
        [
            template("network", [], ["VpcId"]),
            template("api", [], [], {"VpcId": "d", "ImageUri": "d", "TaskCpu": "d", "LogDays": "d", "Stage": "d"}),
        ],
        {"VpcId": "computed", "ImageUri": "computed"},
        {"VpcId": "setting", "ImageUri": "setting", "TaskCpu": "setting"},
    )
    assert plan.step("api").parameters({"VpcId": "output"}) == {
        "VpcId": "output",
        "ImageUri": "computed",
        "TaskCpu": "setting",
        "Stage": "dev",
    }


@pytest.mark.parametrize(
    ("repository", "stack", "role"),
    [("example/sentiment", "api", ROLE), ("", "api", ""), ("example/sentiment", "pipeline", "")],
    ids=["with a boundary", "without one", "the pipelines' own"],
)
def test_cloudformation_deploys_with_the_role_of_the_pipelines_stack(repository, stack, role):
    made = StackState(
        "sentiment-dev-pipeline", "arn", "CREATE_COMPLETE", outputs={"DeployRoleArn": ROLE}, tags=tags("dev")
    )
    settings = {"PipelineRepository": repository}
    assert make_plan("dev", [template(stack)], {}, settings, {made.name: made}).step(stack).role == role


def test_stacks_in_a_circle_are_named():
    with pytest.raises(TemplateError, match=r"cycle: .*(a -> b -> a|b -> a -> b)"):
        make_plan("dev", [template("a", ["B"], ["A"]), template("b", ["A"], ["B"])], {}, {})


def test_a_parameter_without_source_is_named_with_its_stack():
    with pytest.raises(TemplateError, match="VpcId of api"):
        make_plan("dev", [template("api", ["VpcId"])], {}, {})


def test_an_output_of_two_stacks_is_ambiguous():
    with pytest.raises(TemplateError, match="VpcId is ambiguous: a and b both"):
        make_plan("dev", [template("a", [], ["VpcId"]), template("b", [], ["VpcId"])], {}, {})


def test_an_output_that_a_condition_switched_off_is_named():
    plan = make_plan("dev", [template("a", [], ["VpcId"]), template("b", ["VpcId"])], {}, {})
    with pytest.raises(TemplateError, match="sentiment-dev-b needs VpcId, which a did not output"):
        plan.step("b").parameters({})


def test_short_tags_purposes_policies_and_capabilities_are_understood():
    parsed = parse(
        "api",
        """
        Resources:
          Role:
            Type: AWS::IAM::Role
            Metadata: {Purpose: Lets it write}
            Properties: {Name: !Sub "${A}-x", Path: !GetAtt B.C, List: !Join ["", [!Ref A]], Map: !Transform {Name: x}}
          Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Retain}
        """,
    )
    assert parsed.capabilities == ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    assert parsed.purpose("Role") == "Lets it write"
    assert parsed.purpose("Gone") == ""
    assert [each.deletion_policy for each in parsed.resources.values()] == ["Delete", "Retain"]
    assert parsed.resources["Role"].properties == {
        "Name": {"Fn::Sub": "${A}-x"},
        "Path": {"Fn::GetAtt": ["B", "C"]},
        "List": {"Fn::Join": ["", [{"Ref": "A"}]]},
        "Map": {"Fn::Transform": {"Name": "x"}},
    }
    assert not template("a").capabilities


@pytest.mark.parametrize(
    "body", ["- just\n- a list", "Resources: [1", "Outputs: {}", "!!python/object/apply:os.system [ls]"]
)
def test_what_is_no_template_is_refused(body):
    with pytest.raises(TemplateError, match=r"api\.yaml"):
        parse("api", body)
