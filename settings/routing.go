package settings

// Routing lists the fields by which it is decided who is let in and where traffic
// goes. A program that finds one of them wrong should not go on with its default:
// traffic would take another way than its owner meant.
func Routing() []string {
	return []string{"listen_user", "upstream", "bypass", "proxy_loopback", "connect_plain", "targets"}
}
