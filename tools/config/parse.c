// SPDX-License-Identifier: MIT
/* From text to struct config. Each line that is wrong is told, not the first only. */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 16 };

struct parser {
	struct config *c;
	struct config_port *port; /* whose section it is, or NULL */
	const char *file;
	int line;
	bool in_bad; /* a section that could not be begun: its lines are passed */
};

static void *grow(void *array, int n, size_t bytes)
{
	array = reallocarray(array, n + 1, bytes);
	if (!array)
		err(FAILURE, "configuration");
	memset((char *)array + n * bytes, 0, bytes);
	return array;
}

const struct config_port *config_find(const struct config *c,
				      const char *ifname)
{
	for (int i = 0; i < c->n_ports; i++)
		if (!strcmp(c->ports[i].ifname, ifname))
			return &c->ports[i];
	return NULL;
}

void config_free(struct config *c)
{
	for (int i = 0; i < c->n_ports; i++)
		free(c->ports[i].streams);
	for (int i = 0; i < c->n_files; i++)
		free(c->files[i]);
	free(c->ports);
	free(c->files);
	*c = (struct config){ 0 };
}

/* For who reads arguments, to whom eth0 and --help are not the same. */
static char any_name[] = "IF";

/* ---- what a line is made of ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *trim(char *s)
{
	char *end;

	while (is_blank(*s))
		s++;
	end = s + strlen(s);
	while (end > s && is_blank(end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* A # begins one at the line's begin, or behind a blank. */
static void cut_comment(char *s)
{
	for (char *p = s; *p; p++)
		if (*p == '#' && (p == s || is_blank(p[-1]))) {
			*p = '\0';
			return;
		}
}

static int check_characters(const char *s)
{
	for (; *s; s++) {
		if (*s == '\r')
			return usage_error("the line ends as on Windows; "
					   "dos2unix mends the file");
		if (!is_blank(*s) && (*s < '!' || *s > '~'))
			return usage_error("a character 0x%02x, which is no "
					   "text; only comments may hold it",
					   (unsigned char)*s);
	}
	return OK;
}

/* ---- [interface eth0] ---- */

/* add takes eth0.2 for VLAN 2 of eth0; a section is about the port. */
static bool is_vlan_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] && !dot[1 + strspn(dot + 1, "0123456789")];
}

static int check_name(const char *name)
{
	size_t n = strlen(name);

	if (!n)
		return usage_error("of which interface? [interface eth0]");
	if (n >= sizeof(((struct config_port *)0)->ifname) ||
	    strpbrk(name, " \t/:[]") || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return usage_error("%s can be no interface's name; see ip link",
				   name);
	if (is_vlan_of(name))
		return usage_error("%s: a section is about the port; say "
				   "[interface %.*s], and vid=%s at its "
				   "streams",
				   name, (int)(strrchr(name, '.') - name), name,
				   strrchr(name, '.') + 1);
	return OK;
}

static int begin_section(struct parser *p, char *text)
{
	static const char word[] = "interface";
	size_t n = strlen(text);
	const struct config_port *other;
	char *name;

	p->port = NULL;
	p->in_bad = true;
	if (text[n - 1] != ']')
		return usage_error("%s: a section begins with a line "
				   "[interface NAME], and nothing behind it",
				   text);
	text[n - 1] = '\0';
	text = trim(text + 1);
	n = strcspn(text, " \t");
	if (n != strlen(word) || strncmp(text, word, n))
		return usage_error("[%s]: a section is [interface NAME]", text);
	name = trim(text + n);
	if (check_name(name))
		return USAGE;
	other = config_find(p->c, name);
	if (other)
		return usage_error("%s has its section at %s:%d; write these "
				   "lines there",
				   name, other->file, other->line);
	p->c->ports = grow(p->c->ports, p->c->n_ports, sizeof(*p->port));
	p->port = &p->c->ports[p->c->n_ports++];
	strcpy(p->port->ifname, name);
	p->port->file = p->file;
	p->port->line = p->line;
	p->port->how = (struct avtpmap_port_opts){ .sz = sizeof(p->port->how),
						   .gid = AVTPMAP_NO_GROUP };
	p->in_bad = false;
	return OK;
}

/* ---- stream = ID key=value... ---- */

/* The same key twice is one too many, which of add's line one would see. */
static int check_twice(char *const *words, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = 1; j < i; j++) {
			size_t len = strcspn(words[i], "=");

			if (words[i][len] &&
			    !strncmp(words[i], words[j], len + 1))
				return usage_error("stream: %.*s= is there "
						   "twice; one has to go",
						   (int)len, words[i]);
		}
	return OK;
}

/* The one word that add has not. Takes it out of @words. */
static int take_reserve(struct config_stream *s, char **words, int *n)
{
	char key[24];

	for (int i = 1; i < *n; i++) {
		struct near near = { .wanted = key };
		const char *value = strchr(words[i], '=');

		if (!value)
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(value - words[i]),
			 words[i]);
		near_try(&near, "reserve");
		if (near.best[0] && near.distance)
			return usage_error("stream: no key %s=; did you mean "
					   "reserve=?",
					   key);
		if (!near.best[0])
			continue;
		s->reserve = !strcmp(value, "=yes");
		if (!s->reserve && strcmp(value, "=no"))
			return usage_error("stream: reserve%s: it is yes or no",
					   value);
		memmove(words + i, words + i + 1,
			(*n - i - 1) * sizeof(*words));
		(*n)--;
		i--;
	}
	return OK;
}

static int parse_stream(struct config_stream *s, char *text)
{
	char *words[WORDS_MAX + 2] = { any_name }, *rest = text, *word;
	int n = 0;

	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (*word == '-')
			return usage_error("stream: %s: an option of the "
					   "command line; here are only "
					   "key=value",
					   word);
		if (n == WORDS_MAX)
			return usage_error("stream: too many words");
		words[++n] = word;
	}
	if (!n)
		return usage_error("stream: which? stream = "
				   "00:11:22:33:44:55:00:01 [key=value...]");
	if (check_twice(words + 1, n) || take_reserve(s, words + 1, &n))
		return USAGE;
	return add_args(n + 1, words, &s->stream_id, &s->how);
}

static int add_stream(struct parser *p, char *text)
{
	struct config_port *port = p->port;
	struct config_stream s = { .line = p->line };
	char id[AVTPMAP_STREAM_ID_TEXT];

	if (parse_stream(&s, text))
		return USAGE;
	for (int i = 0; i < port->n_streams; i++)
		if (port->streams[i].stream_id == s.stream_id)
			return usage_error(
				"%s has stream %s at line %d already; one "
				"has to go",
				port->ifname,
				avtpmap_stream_id_to_text(id, s.stream_id),
				port->streams[i].line);
	port->streams = grow(port->streams, port->n_streams, sizeof(s));
	port->streams[port->n_streams++] = s;
	return OK;
}

/* ---- key = value ---- */

static int no_such_key(const char *key)
{
	struct near near = { .wanted = key };

	for (const struct option *o = cmd_attach.options; o->name; o++)
		near_try(&near, o->name);
	near_try(&near, "backend");
	near_try(&near, "stream");
	return usage_error("no key %s; %s", key,
			   near_text(&near, "there are backend, group, mem, "
					    "xdp, alone and stream"));
}

/* -1: there is none. */
static int place_of(const char *key)
{
	int i = 0;

	for (; cmd_attach.options[i].name; i++)
		if (!strcmp(key, cmd_attach.options[i].name))
			return i;
	return strcmp(key, "backend") ? -1 : i;
}

/* "key = value" is attach's --key=value; of a flag, alone = yes is --alone. */
static int set_by_attach(struct config_port *port, int place, char *key,
			 const char *value)
{
	bool flag = cmd_attach.options[place].name &&
		    !cmd_attach.options[place].arg;
	struct avtpmap_port_opts one;
	uint32_t before = wanted_backend;
	char word[128], *argv[] = { any_name, word, NULL };
	int ret;

	if (flag && !strcmp(value, "no"))
		return OK;
	if (flag && strcmp(value, "yes"))
		return usage_error("%s = %s: it is yes or no", key, value);
	if (snprintf(word, sizeof(word), "--%s%s%s", key, flag ? "" : "=",
		     flag ? "" : value) >= (int)sizeof(word))
		return usage_error("%s: that is too long", key);
	wanted_backend = port->backend;
	ret = attach_args(2, argv, &one);
	port->backend = wanted_backend;
	wanted_backend = before;
	port->how.set |= one.set;
	if (one.set & AVTPMAP_PORT_GID)
		port->how.gid = one.gid;
	if (one.set & AVTPMAP_PORT_MEM_CAP)
		port->how.mem_cap = one.mem_cap;
	return ret;
}

static int set_key(struct parser *p, char *key, char *value)
{
	int place = place_of(key);

	if (place < 0)
		return no_such_key(key);
	if (!*value)
		return usage_error("%s = what? see avtpmap attach --help", key);
	if (p->port->seen & 1u << place)
		return usage_error("%s is there twice in this section; one has "
				   "to go",
				   key);
	p->port->seen |= 1u << place;
	return set_by_attach(p->port, place, key, value);
}

static int parse_line(struct parser *p, char *text)
{
	char *equals, *key;

	if (*text == '[')
		return begin_section(p, text);
	if (p->in_bad)
		return OK;
	equals = strchr(text, '=');
	if (!equals)
		return usage_error("what is %s? a line is [interface NAME], "
				   "key = value or # a comment",
				   text);
	if (!p->port)
		return usage_error("of which interface? a line [interface "
				   "NAME] comes first");
	*equals = '\0';
	key = trim(text);
	if (!strcmp(key, "stream"))
		return add_stream(p, equals + 1);
	return set_key(p, key, trim(equals + 1));
}

static int read_line(struct parser *p, char *text, size_t n)
{
	if (memchr(text, 0, n))
		return usage_error("a character 0x00, so it is no text");
	cut_comment(text);
	if (check_characters(text))
		return USAGE;
	text = trim(text);
	return *text ? parse_line(p, text) : OK;
}

/* ---- what does not fit together ---- */

static int check_backend(const struct config_port *port)
{
	uint32_t b = port->backend, set = port->how.set;

	if (b && b != AVTPMAP_BACKEND_KMOD && set & AVTPMAP_PORT_GID &&
	    port->how.gid != AVTPMAP_NO_GROUP)
		return usage_error("%s: only the module can give a port to a "
				   "group; leave out group, or say backend = "
				   "kmod",
				   port->ifname);
	if (b && b != AVTPMAP_BACKEND_XDP && set & AVTPMAP_PORT_XDP)
		return usage_error("%s: xdp and alone are of XDP; leave them "
				   "out, or say backend = xdp",
				   port->ifname);
	if (b == AVTPMAP_BACKEND_PACKET && set & AVTPMAP_PORT_MEM_CAP)
		return usage_error("%s: there is no port of the packet "
				   "backend that mem could cap; leave it out",
				   port->ifname);
	return OK;
}

void config_parse(struct config *c, const char *name, FILE *f)
{
	struct parser p = { .c = c, .line = 0 };
	int first = c->n_ports;
	size_t bytes = 0;
	char *text = NULL;
	ssize_t n;

	c->files = grow(c->files, c->n_files, sizeof(*c->files));
	p.file = c->files[c->n_files++] = strdup(name);
	if (!p.file)
		err(FAILURE, "configuration");
	while ((n = getline(&text, &bytes, f)) >= 0) {
		if (n && text[n - 1] == '\n')
			text[--n] = '\0';
		blame(p.file, ++p.line);
		c->errors += read_line(&p, text, n) != OK;
	}
	for (int i = first; i < c->n_ports; i++) {
		blame(p.file, c->ports[i].line);
		c->errors += check_backend(&c->ports[i]) != OK;
	}
	blame(NULL, 0);
	free(text);
}
