"""Stack of the API: the HTTP API with its stage and access log, its private way to the RNN, and the Lambdas."""

from __future__ import annotations

import json

from troposphere import GetAtt, Parameter, Ref, Sub, Template, apigatewayv2, logs

from generator import keys
from generator.building import DISPOSABLE, add_output, name_tag, new_template, purpose, stage_name
from generator.catalogue import (
    API_STAGE,
    BATCH_PATH,
    BATCH_ROUTE,
    FUNCTIONS,
    LAMBDAS,
    PREDICT_PATH,
    PREDICT_ROUTE,
    WORKERS,
)
from generator.parameters import parameter
from generator.stacks.api import functions

PREDICT_TIMEOUT_MS = 10_000  # a thousand times what a prediction takes; less than tasks get to drain
# Without a target (asleep or starting) the load balancer itself answers 503, and cannot add a header to that. A mapping
# cannot tell that from the service's 503, so it overwrites what a task says: with the most that a task ever says, for
# that much work may wait in it. Nobody comes back before there can be time.
RETRY_SECONDS = 3
PREFLIGHT_SECONDS = 3_600  # how long a browser caches the permission to call

# One line of JSON for each request, with the keys of the other logs (container/shared/logs.py); what people type is in
# none of these fields. The time of a line is the event's own: no variable of the gateway has it as the other logs do.
ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "integrationStatus": "$context.integrationStatus",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
    "responseBytes": "$context.responseLength",
}


def build() -> Template:
    """Template of the stack."""
    template = new_template("api")
    parameter(template, "Stage")
    days = parameter(template, "LogDays")

    api = http_api(template, parameter(template, "SiteUrl"))
    stage(template, api, access_log(template, days))

    link = vpc_link(template, parameter(template, "PublicSubnetIds"), parameter(template, "LinkSecurityGroupId"))
    route(template, api, *PREDICT_ROUTE, predict_integration(template, api, link, parameter(template, "ListenerArn")))
    route(template, api, *BATCH_ROUTE, batch_integration(template, api, link, parameter(template, "ListenerArn")))

    for worker in WORKERS:
        functions.add(template, worker)
    for function in FUNCTIONS:
        deployed = functions.add(template, function)
        functions.callable_by(template, deployed, function, api)
        route(template, api, function.method, function.path, functions.integration(template, deployed, function, api))

    for function in LAMBDAS:
        name = f"{function.title}FunctionName"
        add_output(template, name, Ref(f"{function.title}Function"), f"Lambda {function.name}")
    add_output(template, "ApiUrl", GetAtt(api, "ApiEndpoint"), "Address of the API")
    add_output(template, "ApiId", Ref(api), "Id of the API")
    return template


def http_api(template: Template, site: Parameter) -> apigatewayv2.Api:
    """The API. Its CORS headers are on every reply, including its own errors, and only for our page."""
    return template.add_resource(
        apigatewayv2.Api(
            "HttpApi",
            Metadata=purpose(
                "Gives the app its one public address; routes each path, and allows only our page to call it"
            ),
            Name=stage_name("api"),
            ProtocolType="HTTP",
            CorsConfiguration=apigatewayv2.Cors(
                AllowOrigins=[Ref(site)],
                AllowMethods=["GET", "POST"],
                AllowHeaders=["authorization", "content-type"],
                ExposeHeaders=["content-disposition", "retry-after"],
                MaxAge=PREFLIGHT_SECONDS,
            ),
        )
    )


def access_log(template: Template, days: Parameter) -> logs.LogGroup:
    """The access log: one line per request."""
    return template.add_resource(
        logs.LogGroup(
            "AccessLog",
            **DISPOSABLE,
            Metadata=purpose("Logs one line for each API request: client, route, duration and errors"),
            RetentionInDays=Ref(days),
            KmsKeyId=keys.encryption(template),
            Tags=name_tag("access-log"),
        )
    )


def stage(template: Template, api: apigatewayv2.Api, log: logs.LogGroup) -> apigatewayv2.Stage:
    """What is deployed, always the newest, with its limits. ``$default`` keeps a stage's name out of the paths."""
    return template.add_resource(
        apigatewayv2.Stage(
            "DefaultStage",
            Metadata=purpose("Publishes the routes at once, throttles them, and logs each request"),
            ApiId=Ref(api),
            StageName=API_STAGE,
            AutoDeploy=True,
            DefaultRouteSettings=apigatewayv2.RouteSettings(
                ThrottlingRateLimit=Ref(parameter(template, "ThrottleRate")),
                ThrottlingBurstLimit=Ref(parameter(template, "ThrottleBurst")),
            ),
            AccessLogSettings=apigatewayv2.AccessLogSettings(
                DestinationArn=GetAtt(log, "Arn"), Format=json.dumps(ACCESS_LOG_FIELDS)
            ),
        )
    )


def vpc_link(template: Template, subnets: Parameter, security_group: Parameter) -> apigatewayv2.VpcLink:
    """The API's connection into the VPC."""
    return template.add_resource(
        apigatewayv2.VpcLink(
            "VpcLink",
            Metadata=purpose("Carries requests from the API into the VPC, to the internal load balancer"),
            Name=stage_name("link"),
            SubnetIds=Ref(subnets),
            SecurityGroupIds=[Ref(security_group)],
        )
    )


def predict_integration(
    template: Template, api: apigatewayv2.Api, link: apigatewayv2.VpcLink, listener: Parameter
) -> apigatewayv2.Integration:
    """Passes one text to the service."""
    text = "Passes predictions through the VPC link to the RNN, with the request's id for its log"
    return _to_service(template, "PredictIntegration", text, api, link, listener, PREDICT_PATH)


def batch_integration(
    template: Template, api: apigatewayv2.Api, link: apigatewayv2.VpcLink, listener: Parameter
) -> apigatewayv2.Integration:
    """Passes many texts in one request to the service."""
    text = "Passes requests for many predictions at once through the VPC link to the RNN"
    return _to_service(template, "BatchIntegration", text, api, link, listener, BATCH_PATH)


def _to_service(
    template: Template,
    title: str,
    text: str,
    api: apigatewayv2.Api,
    link: apigatewayv2.VpcLink,
    listener: Parameter,
    path: str,
) -> apigatewayv2.Integration:
    """Directly to the load balancer's listener. The path is overwritten, as the API's path is not the service's."""
    return template.add_resource(
        apigatewayv2.Integration(
            title,
            Metadata=purpose(text),
            ApiId=Ref(api),
            IntegrationType="HTTP_PROXY",
            IntegrationMethod=PREDICT_ROUTE[0],
            IntegrationUri=Ref(listener),
            ConnectionType="VPC_LINK",
            ConnectionId=Ref(link),
            PayloadFormatVersion="1.0",
            RequestParameters={
                "overwrite:path": path,
                "overwrite:header.x-request-id": "$context.requestId",
            },
            ResponseParameters={"503": says_when_to_try_again()},
            TimeoutInMillis=PREDICT_TIMEOUT_MS,
        )
    )


def says_when_to_try_again() -> apigatewayv2.ResponseParameterMap:
    """The header that every 503 needs, whichever component behind the link it comes from."""
    header = apigatewayv2.ResponseParameter(Destination="overwrite:header.Retry-After", Source=str(RETRY_SECONDS))
    return apigatewayv2.ResponseParameterMap(ResponseParameters=[header])


def route(
    template: Template, api: apigatewayv2.Api, method: str, path: str, integration: apigatewayv2.Integration
) -> apigatewayv2.Route:
    """One route: method and path to an integration."""
    return template.add_resource(
        apigatewayv2.Route(
            integration.title.replace("Integration", "Route"),
            Metadata=purpose(f"{method} {path} goes to {integration.title}"),
            ApiId=Ref(api),
            RouteKey=f"{method} {path}",
            AuthorizationType="NONE",
            Target=Sub(f"integrations/${{{integration.title}}}"),
        )
    )
