// CDK: the layer as a construct, for any number of functions. TypeScript wants types added, nothing else.
import { fileURLToPath } from 'node:url';
import { RemovalPolicy, aws_lambda as lambda } from 'aws-cdk-lib';
import { Construct } from 'constructs';

const ZIP = fileURLToPath(new URL('../../../build/sleipnir-arm64.zip', import.meta.url));

export class Sleipnir extends Construct {
  // `zip`: what layer/build or a release gave, for the functions' architecture. `environment`: variables for all of them.
  constructor(scope, id, { zip = ZIP, architecture = lambda.Architecture.ARM_64, environment }) {
    super(scope, id);
    this.architecture = architecture;
    this.environment = environment;
    this.layer = new lambda.LayerVersion(this, 'Layer', {
      layerVersionName: `sleipnir-${architecture.name === 'arm64' ? 'arm64' : 'x86_64'}`,
      description: 'Ships logs and platform events to Grafana Loki',
      code: lambda.Code.fromAsset(zip),
      compatibleArchitectures: [architecture],
      license: 'Apache-2.0',
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  // The function's logs go to Loki. What the function sets itself is not touched.
  attach(fn, environment = {}) {
    if (fn.architecture !== this.architecture) throw new Error(`${fn.node.path} is not for ${this.architecture.name}`);
    fn.addLayers(this.layer);
    for (const [name, value] of Object.entries({ ...this.environment, ...environment })) fn.addEnvironment(name, value);
  }
}
