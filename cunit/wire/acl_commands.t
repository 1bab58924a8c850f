#!/usr/bin/perl
# rfc: 4314 ACL RIGHTS=kxten
# acl_commands.t - every command that names a mailbox, as owner, sharee with each right, stranger,
# anonymous and administrator.  A command of the table that has no row here, and is not known to be tested
# elsewhere, fails.
# covers: AC-02 AC-03 AC-05 AC-06 AC-08 AC-09 AC-12 AC-20 AC-21 AC-28 AC-29 AC-37
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

# [ command ("%" is the mailbox), rights of which one is enough, what is wanted besides that right ("l"),
#   whether the right "l" is told from none when it is not enough, what an administrator with "la" gets ]
my @ROWS = (
    [ 'GETACL %',                             'a',     '',  'OK' ],
    [ 'LISTRIGHTS % carol',                   'a',     '',  'OK' ],
    [ 'SETACL % carol l',                     'a',     '',  'OK' ],
    [ 'DELETEACL % carol',                    'a',     '',  'OK' ],
    [ 'MYRIGHTS %',                           'lrikxa', '', 'OK' ],
    [ 'STATUS % (MESSAGES SIZE MAILBOXID)',   'r',     '',  'NO' ],
    [ 'SELECT %',                             'r',     '',  'NO' ],
    [ 'EXAMINE %',                            'r',     '',  'NO' ],
    [ 'GETQUOTAROOT %',                       'r',     '',  'OK' ],
    [ 'SUBSCRIBE %',                          'l',     '',  'OK' ],
    [ 'APPEND % <<',                          'i',     '',  'NO' ],
    [ 'GETMETADATA % (/shared/comment)',      'rswip', 'l', 'OK' ],
    [ 'SETMETADATA % (/private/comment "x")', 'rswip', 'l', 'OK' ],
    [ 'SETMETADATA % (/shared/comment "x")',  'w',     'l', 'OK' ],
    [ 'GETANNOTATION % "/comment" "value"',   'rswip', 'l', 'OK' ],
    [ 'SETANNOTATION % "/comment" ("value.shared" "x")', 'w', 'l', 'OK' ],
    [ 'CREATE %.child',                       'k',     '',  'OK' ],
    [ 'LOCALCREATE %.child2',                 'k',     '',  'OK' ],
    [ 'DELETE %',                             'x',     '',  'NO' ],
    [ 'LOCALDELETE %',                        '',      '',  'NO' ],
    [ 'RENAME % user.bob.gone',               'x',     '',  'OK' ],
    [ 'SETQUOTA % (STORAGE 10)',              '',      '',  'OK' ],
    [ 'GETQUOTA %',                           '',      '',  'OK' ],
    (map { [ "$_ \"\" %", 'l', '', 'OK' ] } 'LIST', 'XLIST', 'RLIST'),
);
# Commands without a mailbox, or whose rights other tests hold.
my %ELSEWHERE = map { $_ => 1 } qw(AUTHENTICATE CAPABILITY CHECK CLOSE COMPRESS COPY ENABLE EXPUNGE FETCH ID IDLE LOGIN LOGOUT LSUB MOVE NAMESPACE NOOP RLSUB SEARCH STARTTLS STORE UNAUTHENTICATE UNSELECT UNSUBSCRIBE
    SORT THREAD CANCELUPDATE ESEARCH NOTIFY LANGUAGE COMPARATOR GENURLAUTH RESETKEY URLFETCH REPLACE SCAN XMOVE XFER RECONSTRUCT DUMP UNDUMP MUPDATEPUSH LOCALAPPEND XAPPLEPUSHSERVICE GETJMAPACCESS XRENAME), 'XCONVFETCH', 'XSNIPPETS', 'XSTATS', 'XWARMUP', 'XKILLMY', 'XFOREVER', 'XMEID', 'XRUNANNOTATOR', 'XBACKUP', map { "SYNC$_" } qw(APPLY GET RESTART RESTORE);

open my $table, '<', "$ENV{HALCYON_SRCDIR}/imap/imapd/cmds.c" or die "cmds.c: $!";
my %row = map { /^(\w+)/ ? ($1 => 1) : () } map { $_->[0] } @ROWS;
my @missing = grep { !$row{$_} && !$ELSEWHERE{$_} } map { /^\s+\{ "(\w+)",/ ? $1 : () } <$table>;
is("@missing", '', 'every command has a row');

my $i = Halcyon::Test->new(conf => { annotation_enable_legacy_commands => 'yes', allowanonymouslogin => 'yes', anyoneuseracl => 'yes', sasl_mech_list => 'PLAIN LOGIN ANONYMOUS' });
$i->create_users(qw(alice bob carol));
my ($a, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
my $anon = $i->imap;
is($anon->cmd('LOGIN anonymous me@example.org')->{status}, 'OK', 'anonymous is let in');
$a->ok("CREATE INBOX.$_") for 'other';
$adm->ok('SETQUOTA user.alice (STORAGE 1000)');

my $serial = 0;
$a->ok('CREATE INBOX.kept');
sub trial {         # one command on a mailbox with this ACL: its status and code, and whether a line came
    my ($c, $command, $as_owner, %acl) = @_;
    my $fresh = $command =~ /CREATE|DELETE |RENAME|SETQUOTA/;
    my $box = $fresh ? 'box' . ++$serial : 'kept';
    $a->ok("CREATE INBOX.$box") if $fresh;
    $a->ok("SETACL INBOX.$box $_ $acl{$_}") for grep { $acl{$_} ne '' } sort keys %acl;
    my $name = ($as_owner ? 'INBOX' : 'user.alice') . ".$box";
    my ($text, $literal) = $command =~ s/%/$name/gr =~ /^(.*?)(<<)?\z/;
    my $r = $c->cmd($literal ? ($text, \"a: b\r\n\r\nx\r\n") : $text);
    $c->cmd('UNSELECT') if $command =~ /^(?:SELECT|EXAMINE)/;
    $b->cmd('DELETE INBOX.gone') if $command =~ /^RENAME/;
    if ($fresh) { $a->cmd("DELETE INBOX.$box$_") for '.child', '.child2', '' }
    else { $a->ok("DELETEACL INBOX.$box $_") for keys %acl }
    my ($code) = $r->{text} =~ /^\[(\w+)/;
    return ("$r->{status}" . ($r->{status} eq 'NO' ? ' ' . ($code // '-') : ''), scalar grep { /^\* \w*LIST/ } @{ $r->{untagged} });
}

for my $row (@ROWS) {
    my ($command, $rights, $besides, $admin) = @$row;
    my $lists = $command =~ /^[XR]?LIST /;
    my @wrong;
    my $check = sub {
        my ($who, $want, $got, $listed) = @_;
        $got .= $listed ? ' listed' : ' hidden' if $lists;
        push @wrong, "$who: $got, not $want" if $got !~ /^(?:$want)$/;
    };
    my $hidden = $lists ? 'OK hidden' : $command =~ /CREATE|SETQUOTA|GETQUOTA |LOCALDELETE/ ? 'NO NOPERM' : 'NO NONEXISTENT';
    $hidden = 'NO TRYCREATE' if $command =~ /^APPEND/;
    my $known = $lists ? 'OK listed' : $command =~ /^GETANNOTATION/ ? 'NO NONEXISTENT' : 'NO NOPERM';   # a pattern that matches nothing
    my $done = $lists ? 'OK listed' : 'OK';
    for my $right (split //, 'lrswipkxtea') {
        my ($enough, $l) = (scalar($rights =~ /$right/), $right eq 'l');
        $check->("sharee with $right", $enough && !$besides ? $done : $l ? $known : $hidden, trial($b, $command, 0, bob => $right));
        $check->("sharee with l$right", $enough || $rights =~ /l/ ? $done : $known, trial($b, $command, 0, bob => "l$right")) unless $l;
    }
    $check->('sharee with all', $rights eq '' ? $known : $done, trial($b, $command, 0, bob => 'lrswipkxtea'));
    $check->('sharee with all but what is needed', $rights =~ /l/ ? $hidden : $known, trial($b, $command, 0, bob => 'lrswipkxtea' =~ s/[$rights]//gr)) if $rights && $rights ne 'lrswipkxtea';
    $check->('stranger', $hidden, trial($b, $command, 0));
    $check->('sharee whose rights are taken', $hidden, trial($b, $command, 0, anyone => 'lrswipkxtea', -bob => 'lrswipkxtea'));
    $check->('anonymous, not named', $hidden, trial($anon, $command, 0));
    my $private = $command =~ m{/private} ? 'NO METADATA' : $command =~ /^RENAME|SUBSCRIBE/ ? "$done|NO \\w+" : $done;
    $check->('anonymous, as anyone', $rights eq '' ? 'NO NOPERM' : $private, trial($anon, $command, 0, anyone => 'lrswipkxtea'));
    $check->('owner', $command =~ /^(?:LOCALDELETE|SETQUOTA)/ ? 'NO NOPERM' : $command =~ /^GETQUOTA |^RENAME/ ? 'NO \w+|OK' : $done, trial($a, $command, 1));
    $check->('administrator', $lists ? 'OK listed' : $admin eq 'OK' ? 'OK|NO NONEXISTENT' : 'NO NOPERM', trial($adm, $command, 0));
    is(join("\n", @wrong), '', $command);
}
is($i->faults, '', 'no process reported a fault');
done_testing;
