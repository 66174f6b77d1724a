"""The environment variables Lambda gives to a function and to an external extension."""

from __future__ import annotations

import secrets
from typing import Dict

from .config import Config

PATH = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"


def _common(config: Config, address: str, tmp: str) -> Dict[str, str]:
    env = {
        "AWS_REGION": config.region,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": config.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.function_version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": config.init_type,
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if config.json_logs else "Text",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PATH": PATH,
        "LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        "TMPDIR": tmp,
    }
    if config.json_logs:
        env["AWS_LAMBDA_LOG_LEVEL"] = "INFO"
    else:
        del env["AWS_LAMBDA_LOG_FORMAT"]
    if config.snap_start:
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{address}/2021-04-23/credentials"
        env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = secrets.token_hex(16)
    else:
        env["AWS_ACCESS_KEY_ID"] = "ASIAEMULATED"
        env["AWS_SECRET_ACCESS_KEY"] = "emulated"
        env["AWS_SESSION_TOKEN"] = "emulated"
    return env


def for_extension(config: Config, address: str, tmp: str) -> Dict[str, str]:
    env = _common(config, address, tmp)
    if config.managed_instances:
        env.update((key, value) for key, value in config.env.items() if not key.startswith("_"))
    else:
        env.update(config.env)
    return env


def for_function(config: Config, address: str, tmp: str, task_root: str, log_stream: str) -> Dict[str, str]:
    env = _common(config, address, tmp)
    env.update({
        "AWS_EXECUTION_ENV": "AWS_Lambda_" + config.runtime_version.partition(".v")[0].replace(":", ""),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": task_root,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "_HANDLER": config.handler,
    })
    if not config.snap_start:
        env["AWS_LAMBDA_LOG_GROUP_NAME"] = f"/aws/lambda/{config.function_name}"
        env["AWS_LAMBDA_LOG_STREAM_NAME"] = log_stream
    if config.managed_instances:
        env["AWS_LAMBDA_MAX_CONCURRENCY"] = "16"
    env.update(config.env)
    return env
