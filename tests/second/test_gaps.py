"""What stands in for moto's gaps stays no longer than the gaps do."""

from __future__ import annotations

from moto.cloudformation.parsing import get_model_map

from scripts.cloudformation import templates
from tests.second import gaps


def test_a_type_is_only_recorded_as_long_as_moto_lacks_it_and_a_template_has_it():
    ours = {
        each.type for stack in [*templates.load_all(), templates.load("pipeline")] for each in stack.resources.values()
    }
    assert gaps.TYPES.keys() == ours - get_model_map().keys()


def test_an_attribute_stands_in_only_as_long_as_the_model_has_none():
    for type_, attribute in gaps.ATTRIBUTES:
        give = vars(get_model_map()[type_]).get("get_cfn_attribute")
        assert give is None or attribute == "LoadBalancerFullName", f"{type_} has attributes of its own now"
