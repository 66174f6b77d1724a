// cdk deploy --app 'node layer/examples/cdk/app.mjs'
import { fileURLToPath } from 'node:url';
import { App, Duration, SecretValue, Stack, aws_lambda as lambda } from 'aws-cdk-lib';
import { Sleipnir } from './sleipnir.mjs';

const app = new App();
const stack = new Stack(app, 'Orders');

const sleipnir = new Sleipnir(stack, 'Sleipnir', {
  environment: {
    LOKI_ENDPOINT: 'https://loki.example.com',
    // Read when this is deployed; it stands in the function's configuration then.
    LOKI_USERNAME: SecretValue.secretsManager('loki', { jsonField: 'username' }).unsafeUnwrap(),
    LOKI_PASSWORD: SecretValue.secretsManager('loki', { jsonField: 'password' }).unsafeUnwrap(),
    LOKI_LABELS: JSON.stringify({ team: 'shop', env: 'prod' }),
  },
});

const orders = new lambda.Function(stack, 'Function', {
  architecture: lambda.Architecture.ARM_64,
  runtime: lambda.Runtime.PYTHON_3_13,
  handler: 'app.handler',
  code: lambda.Code.fromAsset(fileURLToPath(new URL('../function', import.meta.url))),
  memorySize: 256,
  timeout: Duration.seconds(10),
});
sleipnir.attach(orders);

app.synth();
