"""A collector of OpenTelemetry: takes OTLP over HTTP (protobuf), checks it against its definition, prints each span as a line of JSON.

Prints its port first.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


def value(of):
    return getattr(of, of.WhichOneof("value"))


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces", self.path
        assert self.headers["content-type"] == "application/x-protobuf", self.headers["content-type"]
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        for of_resource in request.resource_spans:
            resource = {one.key: value(one.value) for one in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                for span in scope.spans:
                    told = {
                        "name": span.name, "kind": span.kind, "trace": span.trace_id.hex(), "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(), "status": span.status.code, "resource": resource,
                        "took_ns": span.end_time_unix_nano - span.start_time_unix_nano,
                        "attributes": {one.key: value(one.value) for one in span.attributes},
                    }
                    print(json.dumps(told), flush=True)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Collector)
print(json.dumps(server.server_port), flush=True)
sys.stdout.flush()
server.serve_forever()
