"""Stack of the page: a website bucket open to all, or a private one behind CloudFront if the stage wants HTTPS."""

from __future__ import annotations

from awacs import aws
from troposphere import AWS_NO_VALUE, Equals, GetAtt, If, Not, Ref, Sub, Template, cloudfront, s3
from troposphere import Condition as Named

from generator import buckets, regions
from generator.building import (
    DISPOSABLE,
    account_name,
    add_output,
    name_tag,
    new_template,
    not_in,
    policy,
    purpose,
    stage_name,
)
from generator.catalogue import SITE_ERROR, SITE_INDEX
from generator.parameters import parameter

WITH, WITHOUT = "WithCloudFront", "WithoutCloudFront"
OWN, FILTERED = "WithOwnDomain", "WithWebAcl"
ORIGIN = "site-bucket"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # managed cache policy: honours Cache-Control, compresses
HSTS_SECONDS = 31_536_000  # a year


def build() -> Template:
    """Template of the stack."""
    template = new_template("site")
    parameter(template, "Stage")
    switch = parameter(template, "CloudFront")
    template.add_condition(WITH, Equals(Ref(switch), "true"))
    template.add_condition(WITHOUT, Not(Named(WITH)))
    template.add_condition(OWN, Not(Equals(Ref(parameter(template, "SiteDomain")), "")))
    template.add_condition(FILTERED, Not(Equals(Ref(parameter(template, "WebAcl")), "")))

    bucket = site_bucket(template)
    distribution = the_distribution(template, bucket, origin_access(template), security_headers(template))
    bucket_policy(template, bucket, distribution)

    of_cloudfront = Sub(f"https://${{{distribution.title}.DomainName}}")
    secure, plain = If(OWN, Sub("https://${SiteDomain}"), of_cloudfront), GetAtt(bucket, "WebsiteURL")
    add_output(template, "SiteBucketName", Ref(bucket), "Bucket of the page's files")
    add_output(template, "SiteUrl", If(WITH, secure, plain), "Address of the page, and the origin that it calls from")
    add_output(template, "DistributionId", Ref(distribution), "CloudFront distribution of the page", Condition=WITH)
    return template


def site_bucket(template: Template) -> s3.Bucket:
    """The page's files. Without CloudFront, S3 serves them itself, which needs a policy for public read access."""
    return template.add_resource(
        s3.Bucket(
            "SiteBucket",
            **DISPOSABLE,
            Metadata=purpose("Stores the page; also serves it unless CloudFront does"),
            BucketEncryption=buckets.encrypted(),
            LifecycleConfiguration=buckets.lifecycle(OldVersions=buckets.old_versions_expire(days=30)),
            LoggingConfiguration=buckets.logged_to(Ref(parameter(template, "LogBucketName")), "site"),
            NotificationConfiguration=buckets.announced(),
            OwnershipControls=buckets.owned(),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True,
                BlockPublicPolicy=Ref(parameter(template, "CloudFront")),
                IgnorePublicAcls=True,
                RestrictPublicBuckets=Ref(parameter(template, "CloudFront")),
            ),
            Tags=name_tag("site"),
            VersioningConfiguration=buckets.VERSIONED,
            WebsiteConfiguration=If(
                WITHOUT,
                s3.WebsiteConfiguration(IndexDocument=SITE_INDEX, ErrorDocument=SITE_ERROR),
                Ref(AWS_NO_VALUE),
            ),
        )
    )


def bucket_policy(template: Template, bucket: s3.Bucket, distribution: cloudfront.Distribution) -> s3.BucketPolicy:
    """With CloudFront, only our distribution may read the files; without it, everyone may. No one may list them.

    One resource for both cases: a bucket has only one policy, so deleting that of one case would delete the other.
    """
    arn = Sub(f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{distribution.title}}}")
    ours = aws.Condition(aws.StringEquals({"AWS:SourceArn": arn}))
    distributor = buckets.readable_by(aws.Principal("Service", "cloudfront.amazonaws.com"), bucket, Condition=ours)
    private = policy(distributor, buckets.tls_only(bucket))
    public = policy(buckets.readable_by(aws.Principal("*"), bucket))  # S3 serves a website by plain HTTP alone
    text = "Allows only our CloudFront distribution to read the page's files; without one, everyone"
    return buckets.add_policy(template, bucket, "SiteBucketPolicy", If(WITH, private, public), text)


def origin_access(template: Template) -> cloudfront.OriginAccessControl:
    """CloudFront's authentication to S3."""
    return template.add_resource(
        cloudfront.OriginAccessControl(
            "OriginAccess",
            Condition=WITH,
            Metadata=purpose("Signs CloudFront's requests so that the bucket can authenticate them"),
            OriginAccessControlConfig=cloudfront.OriginAccessControlConfig(
                Name=account_name("site"),
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        )
    )


def security_headers(template: Template) -> cloudfront.ResponseHeadersPolicy:
    """Headers that tell the browser what to block on this page."""
    return template.add_resource(
        cloudfront.ResponseHeadersPolicy(
            "SecurityHeaders",
            Condition=WITH,
            Metadata=purpose(
                "Tells browsers: HTTPS only, no frames, no foreign scripts, calls to our API and S3 alone"
            ),
            ResponseHeadersPolicyConfig=cloudfront.ResponseHeadersPolicyConfig(
                Name=account_name("site"),
                SecurityHeadersConfig=cloudfront.SecurityHeadersConfig(
                    ContentSecurityPolicy=cloudfront.ContentSecurityPolicy(
                        ContentSecurityPolicy=content_security_policy(), Override=True
                    ),
                    ContentTypeOptions=cloudfront.ContentTypeOptions(Override=True),
                    FrameOptions=cloudfront.FrameOptions(FrameOption="DENY", Override=True),
                    ReferrerPolicy=cloudfront.ReferrerPolicy(ReferrerPolicy="no-referrer", Override=True),
                    StrictTransportSecurity=cloudfront.StrictTransportSecurity(
                        AccessControlMaxAgeSec=HSTS_SECONDS, IncludeSubdomains=True, Override=True
                    ),
                ),
            ),
        )
    )


def content_security_policy() -> Sub:
    """Own files only; calls to HTTP APIs of the region (this stack is there before the API) and to signed S3 URLs."""
    connect = (
        "'self' https://*.execute-api.${AWS::Region}.${AWS::URLSuffix} "
        "https://*.s3.${AWS::URLSuffix} https://*.s3.${AWS::Region}.${AWS::URLSuffix}"
    )
    return Sub(
        f"default-src 'self'; connect-src {connect}; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def certificate(template: Template) -> Sub:
    """ARN of the own domain's certificate; CloudFront looks for it in us-east-1, wherever the stack is."""
    name = parameter(template, "SiteCertificate").title
    return Sub(f"arn:${{AWS::Partition}}:acm:us-east-1:${{AWS::AccountId}}:certificate/${{{name}}}")


def the_distribution(
    template: Template,
    bucket: s3.Bucket,
    access: cloudfront.OriginAccessControl,
    headers: cloudfront.ResponseHeadersPolicy,
) -> cloudfront.Distribution:
    """The page over HTTPS, from a location near each visitor."""
    bucket_of_logs = Ref(parameter(template, "LogBucketDomainName"))
    logging = cloudfront.Logging(Bucket=bucket_of_logs, IncludeCookies=False, Prefix="cloudfront/")
    return template.add_resource(
        cloudfront.Distribution(
            "Distribution",
            Condition=WITH,
            Metadata=purpose("Serves the page over HTTPS from near its visitors, out of the private bucket"),
            DistributionConfig=cloudfront.DistributionConfig(
                Aliases=If(OWN, [Ref(parameter(template, "SiteDomain"))], Ref(AWS_NO_VALUE)),
                Comment=stage_name("site"),
                Enabled=True,
                DefaultRootObject=SITE_INDEX,
                HttpVersion="http2and3",
                IPV6Enabled=True,
                Logging=If(
                    not_in(template, "LogsReachBucket", regions.WITHOUT_CLOUDFRONT_LOGS), logging, Ref(AWS_NO_VALUE)
                ),
                PriceClass="PriceClass_100",
                Origins=[
                    cloudfront.Origin(
                        Id=ORIGIN,
                        DomainName=GetAtt(bucket, "RegionalDomainName"),
                        OriginAccessControlId=GetAtt(access, "Id"),
                        S3OriginConfig=cloudfront.S3OriginConfig(OriginAccessIdentity=""),
                    )
                ],
                DefaultCacheBehavior=cloudfront.DefaultCacheBehavior(
                    TargetOriginId=ORIGIN,
                    ViewerProtocolPolicy="redirect-to-https",
                    AllowedMethods=["GET", "HEAD"],
                    CachePolicyId=CACHING_OPTIMIZED,
                    ResponseHeadersPolicyId=Ref(headers),
                    Compress=True,
                ),
                # S3 returns 403 rather than 404 to clients that may not list the bucket.
                CustomErrorResponses=[
                    cloudfront.CustomErrorResponse(
                        ErrorCode=code, ResponseCode=404, ResponsePagePath=f"/{SITE_ERROR}", ErrorCachingMinTTL=60
                    )
                    for code in (403, 404)
                ],
                # With CloudFront's own certificate, CloudFront decides the minimum TLS version.
                ViewerCertificate=cloudfront.ViewerCertificate(
                    AcmCertificateArn=If(OWN, certificate(template), Ref(AWS_NO_VALUE)),
                    CloudFrontDefaultCertificate=If(OWN, Ref(AWS_NO_VALUE), True),
                    MinimumProtocolVersion="TLSv1.2_2021",
                    SslSupportMethod=If(OWN, "sni-only", Ref(AWS_NO_VALUE)),
                ),
                WebACLId=If(FILTERED, Ref(parameter(template, "WebAcl")), Ref(AWS_NO_VALUE)),
            ),
            Tags=name_tag("site"),
        )
    )
