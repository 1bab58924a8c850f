#!/usr/bin/perl
# offlineimap.t - offlineimap3 copies the account to a Maildir, then changes go both ways
# covers: IM-01 IM-09 NS-16
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
# without 4 (no end of header) and those whose text is not what their charset says
my @numbers = grep { $_ != 4 } 1 .. 31;
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } @numbers);
my $c = $i->imap(user => 'alice');
$c->ok("CREATE $_") for 'INBOX.Sent', '"INBOX.With Space"', 'INBOX.Sent.2015';
$c->ok('APPEND INBOX.Sent.2015 (\Seen) "01-Jan-2015 10:00:00 +0100" ', \Halcyon::Corpus::made(32)->{bytes});
my $w = Halcyon::Job->new($i);
$w->dir($_) for 'meta', 'md';
$w->file('rc', <<"EOT", 0600);
[general]
accounts = a
metadata = ${\$w->path('meta')}
[Account a]
localrepository = l
remoterepository = r
[Repository l]
type = Maildir
localfolders = ${\$w->path('md')}
[Repository r]
type = IMAP
remotehost = 127.0.0.1
remoteport = $i->{port}{imap}
remoteuser = alice
remotepass = secret
ssl = no
starttls = no
auth_mechanisms = PLAIN
EOT

sub sync {
    my ($what) = @_;
    my $r = $w->run([ 'offlineimap', '-c', $w->path('rc'), '-o', '-u', 'basic' ]);
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    unlike("$r->{out}$r->{err}", qr/ERROR|Traceback/, "$what: no error told") or diag(Halcyon::Job::told($r));
}

sub near {
    my ($folder) = @_;
    my %of;
    for my $path (glob '"' . $w->path('md', $folder) . '"/{cur,new}/*') {
        open my $fh, '<:raw', $path or die "$path: $!";
        local $/;
        my ($id) = <$fh> =~ /^Message-ID: <(.*?)>/mi;
        $of{$id} = $path;
    }
    return \%of;
}

sub ids {
    my ($box) = @_;
    $c->ok("EXAMINE \"$box\"");
    my @ids = map { /^Message-ID: <(.*?)>/mi ? $1 : () } $c->ok('UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])');
    $c->ok('UNSELECT');
    return [ sort @ids ];
}

sync('first copy');
is_deeply([ sort map { s{.*/}{}r } grep { -d } glob $w->path('md') . '/*' ],
    [ sort 'INBOX', 'INBOX.Sent', 'INBOX.Sent.2015', 'INBOX.With Space' ], 'all folders');
is_deeply([ sort keys %{ near('INBOX') } ], ids('INBOX'), 'all messages');
my $near = near('INBOX');
unlink $near->{'made.2@example.org'} or die "unlink: $!";
(my $path = $near->{'made.3@example.org'}) =~ s{/new/}{/cur/};
$path =~ s/(?::2,\w*)?\z/:2,FS/;
$path =~ s/:2,\w*:2,/:2,/;
rename $near->{'made.3@example.org'}, $path or die "rename: $!";
$c->ok('SELECT INBOX');
$c->ok('UID STORE 1 +FLAGS (\Deleted)');
$c->ok('UID STORE 5 +FLAGS (\Answered)');
$c->ok('EXPUNGE');
$c->ok('UNSELECT');
$i->fill('alice', Halcyon::Corpus::made(33)->{bytes});

sync('changes on both sides');
my $after = ids('INBOX');
is_deeply([ sort keys %{ near('INBOX') } ], $after, 'same messages');
ok(!grep({ /^made\.[12]\@/ } @$after), 'deletions went both ways');
ok(grep({ $_ eq 'made.33@example.org' } @$after), 'the new one came');
$c->ok('EXAMINE INBOX');
like(join("\n", $c->ok('UID FETCH 3 (FLAGS)')), qr/FLAGS \((?=.*\\Seen)(?=.*\\Flagged)/, 'flags went up');
$c->ok('UNSELECT');
like(near('INBOX')->{'made.6@example.org'}, qr/:2,\w*R/, 'flags came down');

sync('nothing to do');
is_deeply(ids('INBOX'), $after, 'an idle run changes nothing');

$c->logout;
is($i->faults, '', 'no process reported a fault');
done_testing();
