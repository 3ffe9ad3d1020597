// Asks cdk-nag's AwsSolutions pack about plain templates: `node nag.mjs FOLDER` prints its findings as JSON.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { App, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AwsSolutionsChecks } from "cdk-nag";

const folder = process.argv[2];
const app = new App({ analyticsReporting: false });
for (const file of fs.readdirSync(folder).sort()) {
  const { name } = path.parse(file);
  new CfnInclude(new Stack(app, name), "T", { templateFile: path.join(folder, file) });
}
const { violations } = new AwsSolutionsChecks(app).validateScope(app);
const findings = violations.flatMap(({ ruleName, severity, description, violatingResources }) =>
  violatingResources.map(({ constructPath }) => ({
    rule: ruleName,
    severity,
    where: constructPath.replace("/T/", "."),
    what: description,
  })),
);
process.stdout.write(JSON.stringify(findings));
