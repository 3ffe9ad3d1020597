// A CDK app whose stacks are templates of ours: GIVEN names a JSON file, stack name to template file, in their order.
const fs = require("fs");
const cdk = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");

const app = new cdk.App({ analyticsReporting: false });
let before;
for (const [name, templateFile] of Object.entries(JSON.parse(fs.readFileSync(process.env.GIVEN)))) {
  // The synthesizer that needs no bootstrap stack, and so asks for none.
  const stack = new cdk.Stack(app, name, { synthesizer: new cdk.LegacyStackSynthesizer() });
  new CfnInclude(stack, "Template", { templateFile });
  if (before) stack.addDependency(before);
  before = stack;
}
