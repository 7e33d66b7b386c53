// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fixdep DEPFILE TARGET COMMAND: print the .cmd file of TARGET.
 *
 * The compiler lists the files it read. All of them read autoconf.h, and that
 * would rebuild the world whenever an option changes: instead, depend on
 * include/config/OPTION for each CONFIG_OPTION that one of the files mentions.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	struct name *next;
	char text[];
};

static struct name *options;

static void die(const char *what)
{
	fprintf(stderr, "fixdep: ");
	perror(what);
	exit(2);
}

static char *slurp(const char *path)
{
	size_t room = 4096, used = 0, got;
	char *text = malloc(room);
	FILE *file = fopen(path, "r");

	if (!file || !text)
		die(path);
	while ((got = fread(text + used, 1, room - used - 1, file)) > 0) {
		used += got;
		if (used + 1 == room && !(text = realloc(text, room *= 2)))
			die(path);
	}
	fclose(file);
	text[used] = '\0';
	return text;
}

static void option(const char *start, size_t length)
{
	struct name *n;

	for (n = options; n; n = n->next)
		if (strlen(n->text) == length && !memcmp(n->text, start, length))
			return;
	n = malloc(sizeof(*n) + length + 1);
	if (!n)
		die("memory");
	memcpy(n->text, start, length);
	n->text[length] = '\0';
	n->next = options;
	options = n;
	printf("    $(wildcard include/config/%s) \\\n", n->text);
}

static void look_for_options(const char *path)
{
	char *text = slurp(path), *at = text, *end;

	while ((at = strstr(at, "CONFIG_"))) {
		int inside = at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');

		for (end = at += strlen("CONFIG_"); isalnum((unsigned char)*end) || *end == '_';)
			end++;
		if (!inside && end > at)
			option(at, end - at);
		at = end;
	}
	free(text);
}

/* gcc escapes what make would take for a comment; the real program takes that back. */
static void unescape(char *word)
{
	char *to = word;

	for (; *word; word++)
		if (word[0] != '\\' || word[1] != '#')
			*to++ = *word;
	*to = '\0';
}

int main(int argc, char **argv)
{
	const char *target = argv[2];
	char *word, *list;
	int first = 1;

	if (argc != 4) {
		fprintf(stderr, "usage: fixdep DEPFILE TARGET COMMAND\n");
		return 1;
	}
	printf("savedcmd_%s := %s\n\n", target, argv[3]);
	list = strchr(slurp(argv[1]), ':');
	if (!list)
		return 1;
	for (word = strtok(list + 1, " \t\n"); word; word = strtok(NULL, " \t\n")) {
		size_t length;

		unescape(word);
		length = strlen(word);
		if (!strcmp(word, "\\"))
			continue;
		if (length >= 20 && !strcmp(word + length - 20, "generated/autoconf.h"))
			continue;
		if (first) {
			printf("source_%s := %s\n\ndeps_%s := \\\n", target, word, target);
			first = 0;
			look_for_options(word);
			continue;
		}
		look_for_options(word);
		printf("  %s \\\n", word);
	}
	if (first)
		return 1;
	printf("\n%s: $(deps_%s)\n\n$(deps_%s):\n", target, target, target);
	return fflush(stdout) || ferror(stdout);
}
