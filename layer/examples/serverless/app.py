"""The function of the examples: a stand-in for yours."""


def handler(event, context):
    print("hello from", context.function_name)
    return {"ok": True}
