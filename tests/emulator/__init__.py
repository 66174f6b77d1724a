"""An emulated AWS Lambda execution environment for extensions.  See README.md beside this file."""

from .config import Config, free_port
from .delivery import DeliveryOptions
from .invocation import InvokeResult
from .library import ExtensionView, Lambda
from .specs import ExtensionSpec, FunctionSpec, ShutdownResult
from .synthetic import Script

__all__ = ["Config", "DeliveryOptions", "ExtensionSpec", "ExtensionView", "FunctionSpec", "InvokeResult", "Lambda",
           "Script", "ShutdownResult", "free_port"]
