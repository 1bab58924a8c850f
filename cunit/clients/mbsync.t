#!/usr/bin/perl
# mbsync.t - isync keeps a Maildir and the server alike: new mail, flags, deletions, both ways, also over TLS
# covers: IM-01 IM-02 IM-09 FQ-01
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1);
$i->create_users('alice');
my @made = map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 3, 5 .. 31;   # 4 has no end of header: refused by mbsync
$i->fill('alice', @made);
my $c = $i->imap(user => 'alice');
$c->ok('CREATE INBOX.Work');
$c->ok('APPEND INBOX.Work (\Flagged) ', \$made[0]);
$c->ok('SUBSCRIBE INBOX.Work');

my $w = Halcyon::Job->new($i);
$w->dir('md');

sub config {
    my ($server) = @_;
    return <<"EOT";
IMAPAccount t
$server
User alice
Pass secret
AuthMechs PLAIN

IMAPStore far
Account t

MaildirStore near
Path ${\$w->path('md')}/
Inbox ${\$w->path('md')}/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
EOT
}
$w->file('plain', config("Host 127.0.0.1\nPort $i->{port}{imap}\nSSLType None"));
$w->file('tls', config("Host localhost\nPort $i->{port}{imaps}\nSSLType IMAPS\nCertificateFile " . $i->path('conf', 'cert.pem')));

sub mbsync {
    my ($how, $what) = @_;
    my $r = $w->run([ 'mbsync', '-V', '-c', $w->path($how), 'c' ]);
    is($r->{status}, 0, "mbsync ($how): $what") or diag(Halcyon::Job::told($r));
    return $r->{out};
}

# Files of a Maildir folder: subject => path.
sub near {
    my ($folder) = @_;
    my %of;
    for my $path (glob $w->path('md', $folder) . '/{cur,new}/*') {
        open my $fh, '<:raw', $path or die "$path: $!";
        local $/;
        my $text = <$fh>;
        my ($id) = $text =~ /^Message-ID: <(.*?)>/mi;
        $of{ $id // $path } = $path;
    }
    return \%of;
}

# The server's view: message id => [uid, flags].
sub far {
    my ($folder) = @_;
    my %of;
    $c->ok("EXAMINE $folder");
    for my $line ($c->ok('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])')) {
        my ($uid) = $line =~ /UID (\d+)/ or next;
        my ($flags) = $line =~ /FLAGS \((.*?)\)/;
        my ($id) = $line =~ /Message-ID: <(.*?)>/i;
        $of{$id} = [ $uid, join ' ', sort grep { $_ ne '\Recent' } split ' ', $flags ];
    }
    $c->ok('UNSELECT');
    return \%of;
}

sub same {
    my ($folder, $what) = @_;
    my ($near, $far) = (near($folder =~ s/^INBOX\.//r), far($folder));
    is_deeply([ sort keys %$near ], [ sort keys %$far ], "$what: same messages in $folder");
    my %letter = ('\Seen' => 'S', '\Flagged' => 'F', '\Answered' => 'R', '\Draft' => 'D', '\Deleted' => 'T');
    my %flags = map {
        my ($f) = $near->{$_} =~ /:2,(\w*)\z/;
        $_ => join '', sort split //, $f // '';
    } keys %$near;
    my %want = map { my $id = $_; $id => join '', sort map { $letter{$_} // '' } split ' ', $far->{$id}[1] } keys %$far;
    is_deeply(\%flags, \%want, "$what: same flags in $folder");
}

mbsync('plain', 'first copy');
is(scalar keys %{ near('INBOX') }, 30, 'all messages are in the Maildir');
same('INBOX', 'first copy');
same('INBOX.Work', 'first copy');

# both sides change between two runs
my $near = near('INBOX');
my $far = far('INBOX');
my $gone = 'made.1@example.org';
my $here = 'made.2@example.org';
my $there = 'made.3@example.org';
unlink $near->{$gone} or die "unlink: $!";
(my $seen = $near->{$here}) =~ s{/(?:new|cur)/([^/:]+)[^/]*\z}{/cur/$1:2,FS};
rename $near->{$here}, $seen or die "rename: $!";
$w->file('md/INBOX/new/1.local.example', "From: me\@example.org\nSubject: written here\nMessage-ID: <near.1\@example.org>\nDate: Thu, 1 Jan 2015 00:00:00 +0000\n\nnew\n", 0644);
$c->ok('SELECT INBOX');
$c->ok("UID STORE $far->{$there}[0] +FLAGS (\\Answered)");
$c->ok("UID STORE $far->{'made.5@example.org'}[0] +FLAGS (\\Deleted)");
$c->ok('EXPUNGE');
$c->ok('UNSELECT');
$i->fill('alice', Halcyon::Corpus::made(40)->{bytes});

mbsync('plain', 'changes on both sides');
same('INBOX', 'second run');
my $after = far('INBOX');
ok(!$after->{$gone}, 'deleted here: gone there');
is($after->{$here}[1], '\Flagged \Seen', 'flags set here are there');
ok($after->{'near.1@example.org'}, 'written here: there');
my $now = near('INBOX');
ok(!$now->{'made.5@example.org'}, 'expunged there: gone here');
ok($now->{'made.40@example.org'}, 'delivered there: here');
like($now->{$there}, qr/:2,\w*R/, 'answered there: answered here');

# the same state over TLS: nothing to do, then one change
mbsync('tls', 'nothing changed');
is_deeply(far('INBOX'), $after, 'an idle run changes nothing');
$c->ok('SELECT INBOX');
$c->ok("UID STORE $after->{$here}[0] -FLAGS (\\Flagged)");
$c->ok('UNSELECT');
mbsync('tls', 'one flag');
same('INBOX', 'over TLS');
unlike(near('INBOX')->{$here}, qr/:2,\w*F/, 'flag removed there: removed here');

$c->logout;
is($i->faults, '', 'no process reported a fault');
done_testing();
