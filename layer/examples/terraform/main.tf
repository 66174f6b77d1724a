# Terraform: the layer from a zip that layer/build or a release gave, and a function that uses it.
#   terraform -chdir=layer/examples/terraform init && terraform -chdir=layer/examples/terraform apply

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "sleipnir_zip" {
  description = "The layer of the function's architecture"
  type        = string
  default     = "../../../build/sleipnir-arm64.zip"
}

variable "function_zip" {
  description = "The function's own code"
  type        = string
  default     = "function.zip"
}

variable "loki_endpoint" {
  description = "Where Loki is"
  type        = string
  default     = "https://loki.example.com"
}

variable "loki_username" {
  description = "Basic authorization; empty for none"
  type        = string
  default     = ""
}

variable "loki_password" {
  type      = string
  default   = ""
  sensitive = true
}

resource "aws_lambda_layer_version" "sleipnir" {
  layer_name               = "sleipnir-arm64"
  description              = "Ships logs and platform events to Grafana Loki"
  filename                 = var.sleipnir_zip
  source_code_hash         = filebase64sha256(var.sleipnir_zip)
  compatible_architectures = ["arm64"]
  license_info             = "Apache-2.0"
  skip_destroy             = true
}

resource "aws_iam_role" "orders" {
  name = "orders"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# Only for CloudWatch Logs. The logs reach Loki without it too.
resource "aws_iam_role_policy_attachment" "orders_logs" {
  role       = aws_iam_role.orders.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "orders" {
  function_name    = "orders"
  role             = aws_iam_role.orders.arn
  runtime          = "python3.13"
  handler          = "app.handler"
  filename         = var.function_zip
  source_code_hash = filebase64sha256(var.function_zip)
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = 10
  layers           = [aws_lambda_layer_version.sleipnir.arn]

  environment {
    variables = {
      LOKI_ENDPOINT = var.loki_endpoint
      LOKI_USERNAME = var.loki_username
      LOKI_PASSWORD = var.loki_password
      LOKI_LABELS   = jsonencode({ team = "shop", env = "prod" })
    }
  }
}

output "sleipnir_layer_arn" {
  value = aws_lambda_layer_version.sleipnir.arn
}
