/* conf2man.c - print imapd.conf(5) in mdoc from the table of options; run by make */
#include <stdio.h>

#include "lib/conf/conf.h"

static const char *const type_name[] = {
    [CONF_T_STRING] = "string", [CONF_T_BOOL] = "switch", [CONF_T_INT] = "number",
    [CONF_T_DURATION] = "duration", [CONF_T_ENUM] = "word", [CONF_T_SET] = "words",
    [CONF_T_ONEOF] = "word",
};

static const char head[] =
    ".Dd November 21, 2026\n"
    ".Dt IMAPD.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm imapd.conf\n"
    ".Nd configuration of the mail store\n"
    ".Sh DESCRIPTION\n"
    "Every program of the suite reads this file once, when it starts.\n"
    "Another file is named with the option\n"
    ".Fl C\n"
    "of the program.\n"
    ".Pp\n"
    "An option is a line\n"
    ".D1 Ar name : value\n"
    "with the colon right behind the name.\n"
    "Names are letters, digits,\n"
    ".Sq _\n"
    "and\n"
    ".Sq - ,\n"
    "in either case; a name may be given once.\n"
    "Blank lines and lines that begin with\n"
    ".Sq #\n"
    "are skipped.\n"
    "A\n"
    ".Sq \\e\n"
    "at the end of a line joins the next one to it.\n"
    "A line\n"
    ".D1 @include : Ar file\n"
    "reads another file in its place; a relative name is looked for beside the including file.\n"
    ".Pp\n"
    "Values are of these types:\n"
    ".Bl -tag -width duration\n"
    ".It string\n"
    "The text up to the end of the line, without blanks at its ends.\n"
    "A leading\n"
    ".Brq configdirectory\n"
    "stands for the value of that option.\n"
    ".It switch\n"
    ".Cm yes , on , t , true , 1\n"
    "or\n"
    ".Cm no , off , f , false , 0 .\n"
    ".It number\n"
    "A whole number, which may be negative.\n"
    ".It duration\n"
    "A number and its unit, one of\n"
    ".Cm d h m s ;\n"
    "several are added:\n"
    ".Ql 1h30m .\n"
    "A number without a unit has the one named with the option.\n"
    ".It word\n"
    "One of the words listed.\n"
    ".It words\n"
    "Any number of the words listed, with blanks between them.\n"
    ".El\n"
    ".Pp\n"
    "A name with the name of a service of\n"
    ".Xr cyrus.conf 5\n"
    "and\n"
    ".Sq _\n"
    "in front holds for that service only and goes before the plain one:\n"
    ".Ql lmtp_admins ,\n"
    ".Ql imaps_tls_required .\n"
    "The options of replication take the name of a channel in the same way.\n"
    ".Pp\n"
    "An unknown name is no error.\n"
    ".Ql cyr_info conf-lint\n"
    "lists unknown and obsolete names.\n"
    "A value that is not of its option's type, a name given twice and a missing\n"
    ".Ic configdirectory\n"
    "or partition end every program with a sentence that names file and line.\n"
    ".Pp\n"
    "The environment variables\n"
    ".Ev CYRUS_USER ,\n"
    ".Ev CYRUS_GROUP\n"
    "and\n"
    ".Ev CYRUS_SYSLOG_PREFIX\n"
    "go before\n"
    ".Ic cyrus_user ,\n"
    ".Ic cyrus_group\n"
    "and\n"
    ".Ic syslog_prefix .\n"
    ".Sh OPTIONS\n";

static const char tail[] =
    ".Sh FILES\n"
    ".Bl -tag -width /etc/imapd.conf\n"
    ".It Pa " CONF_DEFAULT_PATH "\n"
    "Read when no other file is named.\n"
    ".El\n"
    ".Sh SEE ALSO\n"
    ".Xr cyrus.conf 5 ,\n"
    ".Xr cyr_info 8 ,\n"
    ".Xr master 8\n";

/* Text lines, each sentence on its own: no character may be taken for a request or an escape. */
static void put_text(const char *text)
{
    bool at_start = true;

    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        at_start = text[0] == '.' && text[1] == ' ';
        if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
        if (at_start) {
            putchar('\n');
            text++;
        }
    }
}

static void put_line(const char *before, const char *text, const char *behind)
{
    fputs(before, stdout);
    put_text(text);
    puts(behind);
}

/* "word|alias" as "word (alias)". */
static void put_words(const char *words)
{
    struct slice rest = slice_cstr(words), word, first;
    const char *separator = "Words: ";

    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &word, NULL);
        word = slice_split(word, '|', &first, NULL);
        printf("%s%.*s", separator, SLICE_ARG(first));
        separator = ", ";
        if (word.n == 0)
            continue;
        for (const char *also = " (also "; word.n > 0; also = ", ") {
            word = slice_split(word, '|', &first, NULL);
            printf("%s%.*s", also, SLICE_ARG(first));
        }
        putchar(')');
    }
    puts(".");
}

static const char *unit_name(char unit)
{
    return unit == 'd' ? "days" : unit == 'h' ? "hours" : unit == 'm' ? "minutes" : "seconds";
}

static void put_status(const struct conf_option *o)
{
    if (o->mark == CONF_M_LATER)
        puts("Known, but without effect in this version.");
    if (o->mark == CONF_M_OBSOLETE && o->replaced_by)
        printf("Obsolete; write\n.Ic %s .\n", o->replaced_by);
    else if (o->mark == CONF_M_OBSOLETE)
        puts("Obsolete, without effect.");
}

static void put_option(const struct conf_option *o)
{
    printf(".It Ic %s : Ar %s\n", o->name, type_name[o->type]);
    put_line("", o->text, "");
    if (o->words)
        put_words(o->words);
    if (!o->fallback)
        puts("No default.");
    else if (!*o->fallback)
        puts("Empty by default.");
    else
        put_line("Default: ", o->fallback, ".");
    if (o->type == CONF_T_DURATION)
        printf("A bare number is in %s.\n", unit_name(o->unit));
    put_status(o);
    printf("Last changed in %s.\n", o->since);
}

int main(void)
{
    const char *section = "";

    fputs(head, stdout);
    for (int i = 0; i < CONF_NOPTIONS; i++) {
        const struct conf_option *o = conf_option((enum conf_id)i);
        if (strcmp(section, o->section) != 0) {
            printf("%s.Ss %s\n.Bl -tag -width Ds\n", *section ? ".El\n" : "", o->section);
            section = o->section;
        }
        put_option(o);
    }
    printf(".El\n%s", tail);
    return ferror(stdout) || fflush(stdout) != 0 ? 1 : 0;
}
