package verdict

import "strings"

// fingerprint is a header that one layer writes.
type fingerprint struct {
	// name is the field; value, in lower case, is what its value contains or, if
	// it begins with ^, begins with. Empty: any value.
	name, value string
	layer       string
	weight      float64
}

// fingerprints are the headers by which layers name themselves. The weight of
// those that were measured to stream unless told otherwise is small.
var fingerprints = []fingerprint{
	{"Server", "^nginx", "nginx", 1.5},
	{"Server", "^openresty", "openresty", 1.5},
	{"Server", "^tengine", "tengine", 1.5},
	{"Server", "kong", "kong", 1.5},
	{"Server", "apisix", "apisix", 1.5},
	{"Server", "^apache", "apache", 0.7},
	{"Server", "^caddy", "caddy", 0.7},
	{"Via", "caddy", "caddy", 0.7},
	{"Server", "^lighttpd", "lighttpd", 1},
	{"Server", "^h2o", "h2o", 0.5},
	{"Server", "^gunicorn", "gunicorn", 0.8},
	{"Server", "^gunicorn", "flask", 0.5},
	{"Server", "^gunicorn", "django", 0.3},
	{"Server", "^werkzeug", "flask", 1.5},
	{"Server", "^wsgiserver", "django", 1.5},
	{"Server", "^daphne", "django", 1.5},
	{"Server", "^uvicorn", "starlette", 1.5},
	{"Server", "^hypercorn", "starlette", 1},
	{"Server", "^envoy", "envoy", 1},
	{"Server", "^istio-envoy", "envoy", 1},
	{"Server", "^microsoft-iis", "iis", 1.5},
	{"Server", "^kestrel", "asp.net", 1.5},
	{"Server", "^jetty", "jetty", 1.5},
	{"Server", "coyote", "tomcat", 1.5},
	{"Server", "^puma", "rails", 1},
	{"Server", "^webrick", "rails", 1},
	{"Server", "^cloudflare", "cloudflare", 0.7},
	{"Server", "^awselb", "aws-alb", 1.5},
	{"Server", "^google frontend", "google-cloud", 1},
	{"Server", "^akamaighost", "akamai", 1.5},
	{"Server", "^akamainetstorage", "akamai", 1},
	{"Server", "^heroku", "heroku", 0.7},
	{"Server", "^vercel", "vercel", 1},
	{"Server", "^netlify", "netlify", 1},
	{"Server", "^bunnycdn", "bunny", 1},
	{"X-Powered-By", "express", "express", 2},
	{"X-Powered-By", "^php", "php-fpm", 1},
	{"X-Powered-By", "next.js", "next.js", 2},
	{"X-Powered-By", "asp.net", "asp.net", 1.5},
	{"X-Powered-By", "^servlet", "tomcat", 0.7},
	{"X-Varnish", "", "varnish", 1},
	{"Via", "varnish", "varnish", 1},
	{"Via", "squid", "squid", 0.5},
	{"X-Cache-Lookup", "", "squid", 0.3},
	{"Via", "tinyproxy", "tinyproxy", 0.5},
	{"Via", "google", "google-cloud", 1},
	{"Via", "cloudfront", "cloudfront", 1},
	{"X-Amz-Cf-Id", "", "cloudfront", 1},
	{"X-Amz-Apigw-Id", "", "aws-api-gateway", 3},
	{"X-Amzn-Requestid", "", "aws-api-gateway", 1},
	{"X-Amzn-Requestid", "", "aws-lambda", 1},
	{"X-Amzn-Trace-Id", "", "aws-lambda", 0.7},
	{"CF-RAY", "", "cloudflare", 1},
	{"X-Azure-Ref", "", "azure-front-door", 1},
	{"Request-Context", "appid", "azure-api-management", 0.5},
	{"X-Served-By", "cache-", "fastly", 1},
	{"X-Timer", "^s", "fastly", 0.7},
	{"X-Vercel-Id", "", "vercel", 1.5},
	{"X-Nf-Request-Id", "", "netlify", 1.5},
	{"Via", "vegur", "heroku", 1},
	{"Via", "heroku-router", "heroku", 1},
	{"X-Kong-Upstream-Latency", "", "kong", 1},
	{"X-Envoy-Upstream-Service-Time", "", "envoy", 1},
	{"X-Runtime", "", "rails", 1},
	{"X-Application-Context", "", "spring", 1},
	{"EagleId", "", "aliyun-cdn", 1.5},
	{"X-NWS-LOG-UUID", "", "tencent-cdn", 1.5},
	{"X-Proxy-Cache", "", "nginx", 0.5},
	{"X-Cloud-Trace-Context", "", "google-cloud", 0.5},
	{"Cross-Origin-Opener-Policy", "^same-origin", "django", 0.5},
	{"X-Frame-Options", "^deny", "django", 0.3},
}

// headerClues are the fingerprints as clues, and what the names themselves
// tell.
var headerClues = append([]clue{
	{LowerNames, lowerPlain, []blame{{"haproxy", 1.5}, {"node", 0.3}}},
	{LowerNames, lowerNode, []blame{{"node", 1.5}, {"vite", 0.5}, {"webpack-dev-server", 0.5}}},
	{SortedNames, sortedNames, []blame{{"origin", 1.2}, {"go-handler", 0.8}, {"goproxy", 0.5}, {"go-reverseproxy", 0.2}, {"privoxy", 0.2}}},
}, fingerprintClues()...)

func fingerprintClues() []clue {
	made := make([]clue, len(fingerprints))
	for i := range fingerprints {
		p := &fingerprints[i]
		made[i] = clue{NamesItself, p.seen, []blame{{p.layer, p.weight}}}
	}
	return made
}

// seen returns the header.
func (p *fingerprint) seen(f *facts) (string, bool) {
	for _, h := range f.ex.ResponseHeaders {
		if strings.EqualFold(h.Name, p.name) && p.matches(strings.ToLower(strings.TrimSpace(h.Value))) {
			return h.Name + ": " + h.Value, true
		}
	}
	return "", false
}

func (p *fingerprint) matches(value string) bool {
	if start, ok := strings.CutPrefix(p.value, "^"); ok {
		return strings.HasPrefix(value, start)
	}
	return strings.Contains(value, p.value)
}

// named reports that a header names a product: one of those that share its
// engine stands for it.
func named(product string) func(*facts) (string, bool) {
	engines := map[string][]string{"nginx": {"nginx", "openresty", "tengine", "kong", "apisix"}}
	products := append(engines[product], product)
	return func(f *facts) (string, bool) {
		for _, p := range products {
			if strings.HasPrefix(f.server, p) || strings.HasPrefix(f.powered, p) || strings.Contains(f.via, p) {
				return p, true
			}
		}
		return "", false
	}
}
