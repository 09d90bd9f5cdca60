package snippet

import (
	"strings"

	"streamgauge/tunnel"
)

// Client is a client of a model API whose requests a base URL brings to our
// gateway, where they are seen whole without any certificate.
type Client struct {
	// Target is the name in the gateway's address: "openai".
	Target string
	// Name is what people call it; it is the same in all languages.
	Name string
	// Origin is where the requests go, as the client has it by default. A target
	// of the same name in the settings leads elsewhere.
	Origin string
	// BaseURL is what to give to the client instead.
	BaseURL string
	// Variable is the environment variable that takes BaseURL.
	Variable string
	// Code are lines for those who make the client themselves.
	Code []Code
	path string // of the API at the target
}

// Code is one line of a program.
type Code struct {
	Language, Text string
}

// Set returns the line that sets the variable in s. It is empty for containers
// and WSL, where our address is another.
func (c Client) Set(s Shell) string {
	if s.assign == nil {
		return ""
	}
	return s.assign(c.Variable, c.BaseURL)
}

// clients are written with URL where the base URL goes. DeepSeek and Moonshot
// document the clients of OpenAI as theirs, and with them its variable.
var clients = []Client{
	{Target: "openai", Name: "OpenAI", path: "/v1", Variable: "OPENAI_BASE_URL", Code: openAI},
	{Target: "anthropic", Name: "Anthropic", Variable: "ANTHROPIC_BASE_URL", Code: []Code{
		{"Python", `client = Anthropic(base_url="URL")`},
		{"JavaScript", `const client = new Anthropic({ baseURL: "URL" });`},
	}},
	{Target: "gemini", Name: "Gemini", Variable: "GOOGLE_GEMINI_BASE_URL", Code: []Code{
		{"Python", `client = genai.Client(http_options={"base_url": "URL"})`},
		{"JavaScript", `const client = new GoogleGenAI({ httpOptions: { baseUrl: "URL" } });`},
	}},
	{Target: "deepseek", Name: "DeepSeek", Variable: "OPENAI_BASE_URL", Code: openAI},
	{Target: "dashscope", Name: "DashScope 通义 (OpenAI)", path: "/compatible-mode/v1", Variable: "OPENAI_BASE_URL", Code: openAI},
	{Target: "dashscope", Name: "DashScope 通义", path: "/api/v1", Variable: "DASHSCOPE_HTTP_BASE_URL", Code: []Code{
		{"Python", `dashscope.base_http_api_url = "URL"`},
	}},
	{Target: "moonshot", Name: "Moonshot", path: "/v1", Variable: "OPENAI_BASE_URL", Code: openAI},
	{Target: "ollama", Name: "Ollama", Variable: "OLLAMA_HOST", Code: []Code{
		{"Python", `client = Client(host="URL")`},
		{"JavaScript", `const client = new Ollama({ host: "URL" });`},
	}},
}

var openAI = []Code{
	{"Python", `client = OpenAI(base_url="URL")`},
	{"JavaScript", `const client = new OpenAI({ baseURL: "URL" });`},
}

// BaseURLs returns the known clients with the base URLs that bring them to the
// gateway of a proxy that listens on listen, as host:port. It serves programs of
// its own machine only.
func BaseURLs(listen string) []Client {
	address := fromHere(listen)
	all := make([]Client, len(clients))
	for i, c := range clients {
		c.Origin = tunnel.KnownTarget(c.Target) + c.path
		c.BaseURL = "http://" + address + "/" + c.Target + c.path
		code := make([]Code, len(c.Code))
		for j, line := range c.Code {
			code[j] = Code{line.Language, strings.Replace(line.Text, `"URL"`, `"`+c.BaseURL+`"`, 1)}
		}
		c.Code = code
		all[i] = c
	}
	return all
}
